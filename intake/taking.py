"""Parameters that name an artifact: it must be there, ready, of the right kind, and this tenant's."""

import json
from collections.abc import Mapping
from typing import Any, Final

from domain.errors import Fault, Mistake
from domain.operation import Operation, Takes
from domain.places import Place
from domain.text import Text
from intake.parse import Draft
from runner.store.reading import Reading

MOST_LINES: Final = 20  # risks that one fault names


def check_artifacts(reading: Reading, wish: Draft) -> None:
    """Raises Mistake with every fault. An artifact of somebody else does not exist here."""
    check_taken(reading, wish.operation, wish.place)


def check_taken(reading: Reading, operation: Operation, place: Place) -> None:
    """The same for an operation at a place."""
    faults = []
    for name, takes in operation.takes_artifacts.items():
        wanted = getattr(operation, name)
        if wanted:
            faults += _faults(reading, operation, place, name, takes, wanted)
    if faults:
        raise Mistake(Text("请求内容有误", "The request has mistakes"), tuple(faults))


def _faults(reading: Reading, operation: Operation, place: Place, name: str, takes: Takes, wanted: str) -> list[Fault]:
    row = reading.row("artifact", id=wanted)
    if row is None or row["tenant"] != place.tenant.name or row["kind"] not in takes.kinds:
        zh, en = f"本企业没有这个文件：{wanted}", f"There is no such file of this enterprise: {wanted}"
        return [Fault(f"params.{name}", Text(zh, en), "unknown")]
    if row["state"] != "ready":
        zh, en = (
            f"文件 {wanted} 的状态为 {row['state']}，不可用",
            f"The file {wanted} is {row['state']}: it cannot be used",
        )
        return [Fault(f"params.{name}", Text(zh, en), "not-ready")]
    if takes.accept:
        return _of_script(operation, place, name, takes, row)
    return []


def _of_script(operation: Operation, place: Place, name: str, takes: Takes, row: Mapping[str, Any]) -> list[Fault]:
    """A script was read for one place; its risky statements need a yes of their own."""
    if row["place"] != place.path:
        zh, en = f"该脚本是为 {row['place']} 提交的", f"This script was handed in for {row['place']}"
        return [Fault(f"params.{name}", Text(zh, en), "other-place")]
    facts = json.loads(row["facts"])
    risks = facts.get("risks", [])
    risky = facts.get("risky", len(risks))  # of all, also of those that are not told
    if not risky or getattr(operation, takes.accept):
        return []
    zh = "；".join(f"第 {r['line']} 行：{r['text']['zh']}" for r in risks[:MOST_LINES])
    en = "; ".join(f"line {r['line']}: {r['text']['en']}" for r in risks[:MOST_LINES])
    if risky > MOST_LINES:
        zh, en = f"{zh}；另有 {risky - MOST_LINES} 处", f"{en}; and {risky - MOST_LINES} more"
    text = Text(f"脚本有风险语句，须确认（true）：{zh}", f"The script is risky; say true to it: {en}")
    return [Fault(f"params.{takes.accept}", text, "unconfirmed")]
