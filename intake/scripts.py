"""Scripts of tenants: read whole before they are taken, refused whole with every line, or kept under their own hash.

Whoever edits a script hands in another one: a request names its script by what is in it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.artifact import ArtifactKey
from domain.errors import Denied, Fault, Mistake
from domain.event import Event, Kind
from domain.places import Place
from domain.request import Actor, Role
from domain.text import Text
from intake.attach import name_faults
from intake.desk import Desk
from runner.artifacts import artifact_id
from runner.store.rows import dumps
from runner.store.tx import Tx
from tsql.batches import Batch, Flaw, split
from tsql.reading import ENCODINGS, Encoding, decode
from tsql.review import Finding, Weight, review

MAX_BYTES: Final = 50 * 1024 * 1024
MOST_RUNS: Final = 100_000  # batches, each counted as often as GO says
MOST_TOLD: Final = 100  # faults of one answer
MAY_HAND_IN: Final = frozenset({Role.DATA_OPS, Role.OPERATOR})


@dataclass(frozen=True, kw_only=True)
class Script:
    """What is known of a script. `batches` counts pieces between GO, `runs` their executions; findings by line."""

    id: str
    name: str
    place: str
    size: int
    sha256: str
    batches: int
    runs: int
    findings: tuple[Mapping[str, Any], ...]


def hand_in(
    desk: Desk, actor: Actor, path: str, content: bytes, name: str = "script.sql", encoding: str = ""
) -> Script:
    """Keep a script for a data center, or say everything that speaks against it. Raises Mistake, NotFound,
    Denied.

    It is kept as UTF-8 without a mark, and `sha256` is of that. The same script for the same place is the same: handing
    it in again changes nothing. A refusal leaves no trace.
    """
    place = desk.place(path, actor)
    if not actor.roles & MAY_HAND_IN:
        zh, en = (
            "只有数据运维专员和服务商操作员可以提交脚本",
            "Only data ops and operators hand in scripts",
        )
        raise Denied(Text(zh, en))
    _check_form(place, content, name, encoding)
    text = _text(content, encoding)
    batches = _batches(text)
    findings = _reviewed(batches, place)
    content = text.encode()
    sha256 = hashlib.sha256(content).hexdigest()
    script = _script(place, name, content, sha256, batches, findings)
    key = _key(place, sha256)
    desk.artifacts.put(key, [content], size=len(content), sha256=sha256)
    desk.store.write(lambda tx: _record(tx, actor, place, key, script, encoding))
    return script


def _check_form(place: Place, content: bytes, name: str, encoding: str) -> None:
    faults = name_faults(name)
    if place.data_center is None:
        zh, en = "脚本针对数据中心，如 acme/prod/ledger1", "A script is for a data center, like acme/prod/ledger1"
        faults.append(Fault("place", Text(zh, en), "wrong-target"))
    if encoding and encoding not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        faults.append(Fault("encoding", Text(f"只能是：{known}", f"Must be one of: {known}"), "unknown"))
    if len(content) > MAX_BYTES:
        zh, en = f"脚本最多 {MAX_BYTES} 字节（50 MiB）", f"A script has at most {MAX_BYTES} bytes (50 MiB)"
        faults.append(Fault("content", Text(zh, en), "too-large"))
    if faults:
        raise _refused(faults)


def _text(content: bytes, encoding: str) -> str:
    declared: Encoding | None = next((e for e in ENCODINGS if e == encoding), None)
    return "".join(decode([content], declared, path="content"))


def _batches(text: str) -> list[Batch]:
    """The batches, or every flaw of the script."""
    pieces = list(split([text]))
    flaws = [p for p in pieces if isinstance(p, Flaw)]
    if flaws:
        raise _refused([_fault(f.line, f.code, f.text) for f in flaws])
    batches = [p for p in pieces if isinstance(p, Batch)]
    if not batches:
        zh, en = "脚本中没有要执行的语句", "There is nothing to run in this script"
        raise _refused([Fault("content", Text(zh, en), "empty")])
    if sum(b.times for b in batches) > MOST_RUNS:
        zh, en = (
            f"最多执行 {MOST_RUNS} 个批次（GO n 按 n 次计）",
            f"At most {MOST_RUNS} batches run (GO n counts n times)",
        )
        raise _refused([Fault("content", Text(zh, en), "too-many-batches")])
    return batches


def _reviewed(batches: list[Batch], place: Place) -> list[Finding]:
    """What a reviewer must see. Raises Mistake for what is forbidden."""
    if place.data_center is None:
        raise AssertionError("the form was checked")
    findings = list(review(batches, place.data_center.database))
    forbidden = [f for f in findings if f.weight is Weight.FORBIDDEN]
    if forbidden:
        raise _refused([_fault(f.line, f.code, f.text) for f in forbidden])
    return findings


def _script(
    place: Place, name: str, content: bytes, sha256: str, batches: list[Batch], findings: list[Finding]
) -> Script:
    told = tuple({"line": f.line, "weight": f.weight.value, "code": f.code, "text": f.text.as_dict()} for f in findings)
    return Script(
        id=artifact_id(str(_key(place, sha256))),
        name=name,
        place=place.path,
        size=len(content),
        sha256=sha256,
        batches=len(batches),
        runs=sum(b.times for b in batches),
        findings=told[:MOST_TOLD],
    )


def _key(place: Place, sha256: str) -> ArtifactKey:
    """For one place: what is forbidden elsewhere (another database) may be right here."""
    if place.data_center is None:
        raise AssertionError("the form was checked")
    run = f"{place.environment.name}.{place.data_center.name}.{sha256[:32]}"
    return ArtifactKey(tenant=place.tenant.name, kind="script", run=run, name="script.sql")


def _record(tx: Tx, actor: Actor, place: Place, key: ArtifactKey, script: Script, encoding: str) -> None:
    risks = [dict(f) for f in script.findings if f["weight"] == Weight.RISKY]
    facts = {"findings": list(script.findings), "risks": risks, "encoding": encoding}
    facts |= {"batches": script.batches, "runs": script.runs}
    row = {
        "id": script.id,
        "tenant": place.tenant.name,
        "kind": "script",
        "key": str(key),
        "place": place.path,
        "name": script.name,
        "description": "",
        "size": script.size,
        "sha256": script.sha256,
        "state": "ready",
        "facts": dumps(facts),
        "job": None,
        "added_by": actor.name,
        "added_at": tx.now(),
    }
    if tx.moved("insert_artifact", **row) == 1:
        told = {**{k: row[k] for k in ("id", "name", "size", "sha256", "place")}, "what": row["kind"]}
        tx.append(Event(kind=Kind.STORED, at=tx.now(), tenant=place.tenant.name, actor=actor.name, facts=told))


def _fault(line: int, code: str, text: Text) -> Fault:
    return Fault(f"line {line}", Text(f"第 {line} 行：{text.zh}", f"Line {line}: {text.en}"), code)


def _refused(faults: list[Fault]) -> Mistake:
    shown = faults[:MOST_TOLD]
    if len(faults) > MOST_TOLD:
        more = len(faults) - MOST_TOLD
        shown.append(Fault("content", Text(f"另有 {more} 处", f"and {more} more"), "more"))
    return Mistake(Text("脚本未被接受，没有保存", "The script is not taken, and nothing of it was kept"), tuple(shown))
