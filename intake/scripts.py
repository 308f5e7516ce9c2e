"""Scripts of tenants: read whole before they are taken, refused whole with every line, or kept under their own hash.

Whoever edits a script hands in another one: a request names its script by what is in it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, Final, Generic, TypeVar

from domain.artifact import ArtifactKey
from domain.errors import Conflict, Denied, Fault, Mistake
from domain.event import Event, Kind
from domain.keeping import Keeping
from domain.places import Place
from domain.request import Actor, Role
from domain.text import Text
from intake.attach import name_faults
from intake.desk import Desk
from intake.traffic import check_room
from runner.artifacts import artifact_id
from runner.store.rows import dumps
from runner.store.tx import Tx
from tsql.batches import Batch, Flaw, split
from tsql.reading import ENCODINGS, Encoding, decode
from tsql.review import Finding, Weight, review

MAX_BYTES: Final = 50 * 1024 * 1024
MOST_RUNS: Final = 100_000  # batches, each counted as often as GO says
MOST_TOLD: Final = 100  # faults of one answer, findings of each weight
KEPT: Final = timedelta(days=30)  # as long as no request names it
MAY_HAND_IN: Final = frozenset({Role.DATA_OPS, Role.OPERATOR})
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Script:
    """What is known of a script. `batches` counts pieces between GO, `runs` their executions.

    `encoding` is what the sender declared, or "". `findings` are by line, at most MOST_TOLD and risky ones before
    notes; `found` and `risky` count all there are.
    """

    id: str
    name: str
    place: str
    size: int
    sha256: str
    batches: int
    runs: int
    encoding: str
    findings: tuple[Mapping[str, Any], ...]
    found: int
    risky: int


class _Few(Generic[T]):
    """The first of many, and how many there were: a hostile script has millions, which nobody could hold or read."""

    def __init__(self) -> None:
        self.kept: list[T] = []
        self.count = 0

    def add(self, one: T) -> None:
        self.count += 1
        if len(self.kept) < MOST_TOLD:
            self.kept.append(one)


def hand_in(
    desk: Desk, actor: Actor, path: str, content: bytes, name: str = "script.sql", encoding: str = ""
) -> Script:
    """Keep a script for a data center, or say everything that speaks against it. Raises Mistake, NotFound,
    Denied.

    It is kept as UTF-8 without a mark, and `sha256` is of that. The same script for the same place is the same: handing
    it in again only renews its time. It goes after KEPT unless a request names it. A refusal leaves no trace.
    """
    place = may_hand_in(desk, actor, path)
    _check_form(place, content, name, encoding)
    text = _text(content, encoding)
    batches = _batches(text)
    found = _reviewed(batches, place)
    content = text.encode()
    key = _key(desk, place, hashlib.sha256(content).hexdigest())
    script = _script(place, name, encoding, content, key, batches, found)
    _keep(desk, actor, key, script, content)
    return script


def may_hand_in(desk: Desk, actor: Actor, path: str) -> Place:
    """The place, if this actor may hand in scripts for it: asked before a script is read. Raises NotFound, Denied."""
    place = desk.place(path, actor)
    if not actor.roles & MAY_HAND_IN:
        zh, en = "只有数据运维专员和服务商操作员可以提交脚本", "Only data ops and operators hand in scripts"
        raise Denied(Text(zh, en))
    return place


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
    batches: list[Batch] = []
    flaws: _Few[Flaw] = _Few()
    runs = 0
    for piece in split([text]):
        if isinstance(piece, Flaw):
            flaws.add(piece)
            continue
        runs += piece.times
        if runs <= MOST_RUNS:  # what is beyond is refused: it need not be held
            batches.append(piece)
    if flaws.count:
        raise _told(flaws)
    _check_runs(runs)
    return batches


def _check_runs(runs: int) -> None:
    if not runs:
        zh, en = "脚本中没有要执行的语句", "There is nothing to run in this script"
        raise _refused([Fault("content", Text(zh, en), "empty")])
    if runs > MOST_RUNS:
        zh, en = (
            f"最多执行 {MOST_RUNS} 个批次（GO n 按 n 次计）",
            f"At most {MOST_RUNS} batches run (GO n counts n times)",
        )
        raise _refused([Fault("content", Text(zh, en), "too-many-batches")])


def _reviewed(batches: list[Batch], place: Place) -> dict[Weight, _Few[Finding]]:
    """What a reviewer must see. Raises Mistake for what is forbidden."""
    if place.data_center is None:
        raise AssertionError("the form was checked")
    found: dict[Weight, _Few[Finding]] = {weight: _Few() for weight in Weight}
    for finding in review(batches, place.data_center.database):
        found[finding.weight].add(finding)
    if found[Weight.FORBIDDEN].count:
        raise _told(found[Weight.FORBIDDEN])
    return found


def _script(
    place: Place,
    name: str,
    encoding: str,
    content: bytes,
    key: ArtifactKey,
    batches: list[Batch],
    found: dict[Weight, _Few[Finding]],
) -> Script:
    risky, notes = found[Weight.RISKY], found[Weight.NOTE]
    told = sorted([*risky.kept, *notes.kept][:MOST_TOLD], key=lambda finding: finding.line)
    return Script(
        id=artifact_id(str(key)),
        name=name,
        place=place.path,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        batches=len(batches),
        runs=sum(b.times for b in batches),
        encoding=encoding,
        findings=tuple(
            {"line": f.line, "weight": f.weight.value, "code": f.code, "text": f.text.as_dict()} for f in told
        ),
        found=risky.count + notes.count,
        risky=risky.count,
    )


def _key(desk: Desk, place: Place, sha256: str) -> ArtifactKey:
    """For one place: what is forbidden elsewhere (another database) may be right here.

    The key of what was deleted is not used again: its bytes may be about to go.
    """
    if place.data_center is None:
        raise AssertionError("the form was checked")
    run = f"{place.environment.name}.{place.data_center.name}.{sha256[:32]}"
    for life in count(1):
        named = run if life == 1 else f"{run}.{life}"
        key = ArtifactKey(tenant=place.tenant.name, kind="script", run=named, name="script.sql")
        row = desk.store.row("artifact", id=artifact_id(str(key)))
        if row is None or row["state"] == Keeping.READY:
            return key
    raise AssertionError("there is always another")


def _keep(desk: Desk, actor: Actor, key: ArtifactKey, script: Script, content: bytes) -> None:
    """Bytes first: what is on record is there. Raises Mistake (no-room), Conflict."""
    if desk.store.row("artifact", id=script.id) is None:
        check_room(desk.store, desk.tenant(key.tenant, actor), script.size, "content")
    desk.artifacts.put(key, [content], size=script.size, sha256=script.sha256)
    try:
        desk.store.write(lambda tx: _record(tx, actor, key, script))
    except Conflict:
        desk.artifacts.delete(key)  # put beside a deletion: nobody has this key any more
        raise


def _record(tx: Tx, actor: Actor, key: ArtifactKey, script: Script) -> None:
    risks = [dict(f) for f in script.findings if f["weight"] == Weight.RISKY]
    facts = {"findings": list(script.findings), "found": script.found, "risks": risks, "risky": script.risky}
    facts |= {"batches": script.batches, "runs": script.runs, "encoding": script.encoding}
    told = {"id": script.id, "name": script.name, "size": script.size, "sha256": script.sha256, "place": script.place}
    row = {**told, "tenant": key.tenant, "key": str(key), "facts": dumps(facts), "added_by": actor.name}
    expires_at = tx.now() + KEPT
    if tx.moved("insert_script", **row, added_at=tx.now(), expires_at=expires_at) == 1:
        facts_told = {**told, "what": key.kind}
        tx.append(Event(kind=Kind.STORED, at=tx.now(), tenant=key.tenant, actor=actor.name, facts=facts_told))
    elif tx.moved("renew_script", id=script.id, expires_at=expires_at) != 1:
        zh, en = "该脚本刚被删除；请重新提交", "The script was deleted just now: hand it in again"
        raise Conflict(Text(zh, en), artifact=script.id)


def _told(found: _Few[Flaw] | _Few[Finding]) -> Mistake:
    """What speaks against the script, line by line, and how much more of it there is."""
    faults = [
        Fault(f"line {f.line}", Text(f"第 {f.line} 行：{f.text.zh}", f"Line {f.line}: {f.text.en}"), f.code)
        for f in found.kept
    ]
    if more := found.count - len(faults):
        faults.append(Fault("content", Text(f"另有 {more} 处", f"and {more} more"), "more"))
    return _refused(faults)


def _refused(faults: list[Fault]) -> Mistake:
    return Mistake(Text("脚本未被接受，没有保存", "The script is not taken, and nothing of it was kept"), tuple(faults))
