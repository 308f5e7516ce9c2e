"""Run a tenant's script against a data center, after a proven backup."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal

from domain.command import Facts, Reading, Sql
from domain.errors import Fault
from domain.operation import Judgement, Lock, Misfire, Operation, Outcome, Step, Takes, Target, Traits
from domain.places import Place
from domain.request import Role
from domain.text import Text
from playbooks import sql_backup, sql_place
from playbooks.sql_backup import Backup
from playbooks.sql_judging import done, effect, failed

RUN_S = 4 * 3600.0


@dataclass(frozen=True, kw_only=True)
class SqlUpdate(Operation):
    """Run a script against a data center.

    The data center is backed up first, and the backup proven. Then the script's batches run in order on one
    connection, as SSMS runs them, under a login that reaches this database alone. Each batch ends green, red, grey (not
    run) or unknown (sent, and its end was lost), with its messages and the script's own line numbers. A transaction
    left open at the end is rolled back. From the request, one command restores the data center as it was before.
    """

    name: ClassVar[str] = "sql-update"
    title: ClassVar[Text] = Text("SQL更新", "SQL update")
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(minutes=20),
        roles=frozenset({Role.DATA_OPS, Role.OPERATOR}),
        also=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR}),
        quota_class="sql-update",
        lock=Lock.EXCLUSIVE,
        grace=timedelta(minutes=5),
        misfire=Misfire.SKIP,
        cutoff=timedelta(minutes=10),
        lead=timedelta(0),
        range=timedelta(hours=24),
        code=True,
        words={
            "waiting": Text("待执行", "scheduled"),
            "running": Text("SQL更新中", "SQL update runs"),
            "succeeded": Text("SQL更新成功", "SQL update done"),
            "failed": Text("SQL更新失败", "SQL update failed"),
            "cancelled": Text("已撤销", "revoked"),
        },
    )
    notes: ClassVar[dict[str, Text]] = {
        "script": Text("脚本的编号（先用 script add 提交）", "The id of a script that was handed in (script add)"),
        "backup_first": Text("先备份；备份失败则不执行脚本", "Back up first; if that fails nothing of the script runs"),
        "on_error": Text("出错后停止，或继续后面的批次", "After an error: stop, or go on with the next batch"),
        "transaction": Text("不加事务，或整个脚本一个事务", "No transaction, or one around the whole script"),
        "accept_risks": Text("确认脚本中的风险语句", "Say yes to the script's risky statements"),
    }
    example: ClassVar[dict[str, Any]] = {"script": "0123456789abcdef"}
    takes_artifacts: ClassVar[dict[str, Takes]] = {
        "script": Takes(kinds=frozenset({"script"}), accept="accept_risks"),
    }

    script: str = field(metadata={"pattern": r"[0-9a-f]{16}"})
    backup_first: bool = True
    on_error: Literal["stop", "continue"] = "stop"
    transaction: Literal["none", "one"] = "none"
    accept_risks: bool = False

    def faults(self, place: Place) -> Iterator[Fault]:
        yield from sql_place.no_server(place)
        yield from sql_place.no_script_login(place)
        if self.transaction == "one" and self.on_error == "continue":
            zh, en = (
                "整个脚本一个事务时，出错即整体回滚，不能继续",
                "One transaction rolls back as a whole: it cannot go on",
            )
            yield Fault("params.on_error", Text(zh, en), "contradiction")

    def plan(self, place: Place) -> Iterator[Step]:
        if self.backup_first:
            yield from Backup(place=place).steps()
        yield self._run(place)

    def estimate(self, place: Place) -> timedelta:
        return self.traits.takes if self.backup_first else timedelta(minutes=5)

    def judge(self, step: Step, reading: Reading) -> Judgement:
        if step.key == "run":
            return _ran(reading.facts)
        judgement = sql_backup.judged(step, reading)
        if judgement is None:
            raise ValueError(f"sql-update has no step {step.key!r}")
        return judgement

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        return _looked(reading.facts)

    def _run(self, place: Place) -> Step:
        center = sql_place.data_center(place)
        args: dict[str, Any] = {
            "database": center.database,
            "script": self.script,
            "data_center": center.path,
            "whole": self.transaction == "one",
            "on_error": self.on_error,
        }
        host = sql_place.server(place).path
        return Step(
            key="run",
            title=Text("执行脚本", "Run the script"),
            do=Sql(host=host, verb="run-script", args=args, fence="run"),
            look=Sql(host=host, verb="look-at-script", args=args, fence="run"),
            timeout_s=RUN_S,
            destructive=True,
            effect_on=center.path,
        )


def _ran(facts: Facts) -> Judgement:
    """Done only if every batch is green: a batch that was not run is no success, whoever kept it from running."""
    if facts.get("acted") is False:
        text = Text("该脚本已由另一执行者开始", "another worker has begun this script")
        return Judgement(outcome=Outcome.CANNOT_TELL, text=text, evidence=facts)
    facts = {name: value for name, value in facts.items() if name != "colours"}  # a letter a batch: for looks only
    counts, total = facts["counts"], sum(facts["counts"].values())
    if counts["green"] == total and not facts.get("left_open"):
        return done(f"{total} 个批次全部成功", f"all {total} batches are green", **facts)
    zh, en = _said(counts)
    error = facts.get("first_error")
    if error:
        line = error["script_line"] or "?"
        zh += f"；第 {error['batch']} 批（脚本第 {line} 行）：{error['text']}"
        en += f"; batch {error['batch']} (line {line} of the script): {error['text']}"
    for fact, chinese, english in _ENDS:
        if facts.get(fact) and not (fact == "rolled_back" and facts.get("left_open")):
            zh, en = f"{zh}；{chinese}", f"{en}; {english}"
    return failed(zh, en, **facts)


_ENDS = (
    ("left_open", "脚本结束时事务未提交，已回滚", "a transaction was left open at the end and was rolled back"),
    ("rolled_back", "已全部回滚", "all of it was rolled back"),
    (
        "escaped",
        "脚本自行结束了事务，之前的批次可能已提交",
        "it ended the transaction itself: what came before may stay",
    ),
    ("stopped", "执行被停止", "it was stopped"),
)


def _said(counts: Facts) -> tuple[str, str]:
    zh = f"成功 {counts['green']} 批，失败 {counts['red']} 批，未执行 {counts['grey']} 批，未知 {counts['unknown']} 批"
    en = f"{counts['green']} batches green, {counts['red']} red, {counts['grey']} not run, {counts['unknown']} unknown"
    return zh, en


def _looked(facts: Facts) -> Judgement:
    """The ledger in the data center says which batches took effect; if none did, the script may begin anew."""
    if facts.get("phase") == "ended" and not facts.get("alive"):
        return _ran(facts["marker"])
    counts = facts.get("counts")
    if counts is None:
        return effect(facts)
    zh, en = _said(counts)
    if not facts.get("known"):
        text = Text(f"执行中断：{zh}；有批次无法判断是否生效", f"broken off: {en}; of some it cannot be told")
        return Judgement(outcome=Outcome.CANNOT_TELL, text=text, evidence=facts)
    if counts["green"] + counts["red"] == 0:
        text = Text("执行中断，没有任何批次生效", "broken off before any batch took effect")
        return Judgement(outcome=Outcome.NOT_DONE, text=text, evidence=facts)
    if counts["grey"] + counts["red"] == 0:
        return done(f"全部批次已生效（{zh}）", f"every batch took effect ({en})", **facts)
    return failed(f"执行中断：{zh}", f"broken off: {en}", **facts)
