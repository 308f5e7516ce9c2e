"""Uploads on every store of rows and of bytes: what is durable decides, whoever died, and nothing bad leaves bytes."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.artifact import ArtifactStore
from domain.decision import Refused
from domain.errors import Conflict, Denied, Gone, Mistake, NotFound, StoreDown, Unreachable
from domain.event import Kind
from domain.keeping import Keeping, Record
from domain.request import Actor, Role
from executors.objects import LocalStore, s3_store
from intake import artifacts, upload_end, upload_sweep, uploads
from intake.artifacts import Wanted
from intake.desk import Desk
from intake.letter_review import approve
from intake.letter_scan import add_scan
from intake.letters import ask, get
from intake.people import put_account, set_contact
from intake.read import feed
from intake.submit import submit
from intake.upload_sweep import drop_stale, sweep
from runner.store.store import Store
from runner.store.tx import Tx
from tests.codes import upload_code
from tests.contract.objects.conftest import Room, lab_in, local_room, s3_room
from tests.scans import PDF
from tests.stage import CHEN, LI, OPERATOR, HandClock, desk_on, wish
from tests.unit.media.files import Backup, Dac, Tape

pytestmark = pytest.mark.req("DC-7")
WHOLE = Tape().write()
GIVEN = {"filename": "账套.bak", "place": "acme/prod/one"}
WATCHER = Actor(name="wang", tenant="acme", roles=frozenset({Role.DATA_OPS}))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Rows in a file, or on a server: bytes outlive a process, so rows must."""
    return (
        request.getfixturevalue("postgres").emptied() if request.param == "postgres" else f"sqlite:///{tmp_path}/s.db"
    )


@pytest.fixture(params=["local", "s3"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    if request.param == "local":
        yield local_room(tmp_path / "room")
        return
    (tmp_path / "room").mkdir()
    lab = lab_in(tmp_path / "room")
    yield s3_room(lab, tmp_path / "room")
    lab.close()


@pytest.fixture
def desk(store: Store, room: Room) -> Desk:
    made = desk_on(store, artifacts=room.store)
    number = ask(made, LI, {"kind": "restore", "reason": "r"}).number
    add_scan(made, LI, number, "a.pdf", PDF)
    approve(made, OPERATOR, number, get(made, OPERATOR, number).rev, {})
    set_contact(made, "stage", LI.name, {"phone": "+8613800001234"})
    return made


def begun(desk: Desk, content: bytes = WHOLE, **more: str) -> Record:
    return begin(desk, LI, len(content), {**GIVEN, **more})


def begin(desk: Desk, actor: Actor, size: int, given: dict[str, str]) -> Record:
    """Begin with the code that was sent for it."""
    return uploads.begin(desk, actor, size, {**given, "code": upload_code(desk, actor, size, given)})


def sent(desk: Desk, content: bytes, **more: str) -> Record:
    record = begun(desk, content, **more)
    return uploads.append(desk, LI, record.id, 0, [content]).record


def kinds(desk: Desk) -> list[Kind]:
    return [e.kind for e in feed(desk, OPERATOR).events if e.kind.value.startswith(("upload", "stored", "deleted"))]


def nothing_lies_about(desk: Desk, room: Room) -> bool:
    return room.leftovers() == [] and list(desk.artifacts.list()) == []


def test_a_backup_that_is_sent_in_pieces_is_recognised_and_ready(desk: Desk, room: Room) -> None:
    record = begun(desk, description="季度末", restore="yes")
    assert (record.state, record.kind, record.size) == (Keeping.UPLOADING, "upload", len(WHOLE))
    assert uploads.append(desk, LI, record.id, 0, [WHOLE[:5000]]).offset == 5000
    assert uploads.look(desk, LI, record.id).offset == 5000
    done = uploads.append(desk, LI, record.id, 5000, [WHOLE[5000:9000], WHOLE[9000:]])
    assert done.is_over
    assert done.record.state is Keeping.READY
    assert done.record.sha256 == hashlib.sha256(WHOLE).hexdigest()
    facts = done.record.facts
    assert (facts["database"], facts["server"], facts["software"]) == ("账套一", "SQL01\\ERP", "13.0.5081")
    assert (facts["restore"], facts["finished"]) == (True, "2026-03-04T05:09:07")
    assert facts["ask"] == ["LABELONLY", "HEADERONLY", "FILELISTONLY", "VERIFYONLY"]
    with desk.artifacts.open(done.record.key) as opened:
        assert b"".join(opened) == WHOLE
    assert room.leftovers() == []
    assert kinds(desk) == [Kind.UPLOAD_BEGUN, Kind.STORED]
    assert uploads.look(desk, LI, record.id).record == done.record


@pytest.mark.req("DC-8")
def test_a_package_is_recognised_as_one(desk: Desk) -> None:
    record = sent(desk, Dac().write(), filename="erp.bacpac")
    assert (record.state, record.kind, record.facts["database"]) == (Keeping.READY, "bacpac", "erp")


BAD: dict[str, tuple[str, bytes, str]] = {
    "truncated": ("a.bak", WHOLE[:-2000], "truncated"),
    "log": ("a.bak", Tape(sets=[Backup(type="L")]).write(), "log-backup"),
    "differential": ("a.bak", Tape(sets=[Backup(type="I")]).write(), "differential-backup"),
    "stripe": ("a.bak", Tape(families=2).write(), "stripe"),
    "password": ("a.bak", Tape(password="geheim").write(), "password"),
    "zip": ("a.bak", Dac().write(), "in-disguise"),
    "gzip": ("a.bak", b"\x1f\x8b\x08\x00" + bytes(range(256)) * 20, "in-disguise"),
    "text": ("a.bak", b"hello, this is no backup\n" * 99, "in-disguise"),
    "zeros": ("a.bak", bytes(9000), "zeros"),
    "renamed": ("a.bacpac", WHOLE, "in-disguise"),
    "wrong checksum": ("a.bacpac", Dac(checksum="0" * 64).write(), "wrong-checksum"),
    "escaping": ("a.bacpac", Dac(more={"../evil": b"x"}).write(), "unsafe-name"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_gets_its_verdict_and_leaves_no_bytes(desk: Desk, room: Room, what: str) -> None:
    name, content, code = BAD[what]
    record = sent(desk, content, filename=name)
    assert record.state is Keeping.REFUSED
    codes = [f["code"] for f in record.facts["refusals"]]
    assert code in codes or (code == "unsafe-name" and codes), codes
    assert all(f["zh"] and f["en"] for f in record.facts["refusals"])
    assert nothing_lies_about(desk, room)
    assert record.expires_at is None
    assert kinds(desk) == [Kind.UPLOAD_BEGUN, Kind.UPLOAD_REFUSED]
    assert {f.code for f in uploads.refusal_of(record).faults} == set(codes)


def test_other_bytes_than_were_announced_are_refused(desk: Desk, room: Room) -> None:
    record = sent(desk, WHOLE, sha256="0" * 64)
    assert (record.state, record.facts["refusals"][0]["code"]) == (Keeping.REFUSED, "wrong-sha256")
    assert nothing_lies_about(desk, room)
    assert sent(desk, WHOLE, sha256=hashlib.sha256(WHOLE).hexdigest()).state is Keeping.READY


def test_every_mistake_is_told_at_once_and_nothing_is_left(desk: Desk, room: Room) -> None:
    wrong = {
        "filename": "a.zip",
        "place": "acme/prod",
        "kind": "tape",
        "restore": "maybe",
        "sha256": "x",
        "colour": "1",
    }
    with pytest.raises(Mistake) as raised:
        uploads.begin(desk, LI, 0, wrong)
    assert {f.path for f in raised.value.faults} == {"place", "kind", "restore", "sha256", "colour", "size"}
    for filename in ("a.zip", "a.bacpac", "a/b.bak", ""):
        with pytest.raises(Mistake):
            uploads.begin(desk, LI, 1, {**GIVEN, "filename": filename, "kind": "backup"})
    with pytest.raises(Mistake):
        uploads.begin(desk, LI, 1, {**GIVEN, "place": "beta/prod/one"})
    assert nothing_lies_about(desk, room)
    assert kinds(desk) == []


@pytest.mark.req("LET-3", "LET-2")
def test_without_a_restore_letter_nothing_begins_and_all_reasons_are_told(desk: Desk, room: Room) -> None:
    with pytest.raises(Refused) as raised:
        uploads.begin(desk, CHEN, 1, {"filename": "a.bak", "place": "beta/prod/one"})
    reasons = {r.policy: r.verdict.name for r in raised.value.decision.reasons}
    assert (reasons["letters"], reasons["roles"]) == ("REFUSE", "ALLOW")
    with pytest.raises(Refused) as raised:
        uploads.begin(desk, WATCHER, 1, GIVEN)
    assert {r.policy for r in raised.value.decision.against} == {"roles", "codes"}
    assert nothing_lies_about(desk, room)


def test_a_tenant_has_so_many_open_uploads_and_no_more(desk: Desk) -> None:
    for _ in range(5):
        record = begun(desk)
    with pytest.raises(Conflict, match="unfinished"):
        begun(desk)
    uploads.end(desk, LI, record.id)
    assert begun(desk).state is Keeping.UPLOADING


@pytest.mark.req("USE-2")
def test_what_finds_no_room_does_not_begin(desk: Desk) -> None:
    tenants = tuple(replace(t, storage_gb=1) for t in desk.decider.estate.tenants)
    estate = replace(desk.decider.estate, tenants=tenants)
    small = replace(desk, decider=replace(desk.decider, estate=estate))
    begin(small, LI, 900 * 1024**2, GIVEN)
    with pytest.raises(Mistake, match="No room"):
        begin(small, LI, 900 * 1024**2, GIVEN)


def test_a_wrong_offset_is_answered_with_the_right_one(desk: Desk) -> None:
    record = begun(desk)
    uploads.append(desk, LI, record.id, 0, [WHOLE[:100]])
    with pytest.raises(Conflict) as raised:
        uploads.append(desk, LI, record.id, 0, [WHOLE[:100]])
    assert raised.value.facts["offset"] == 100
    with pytest.raises(Mistake):
        uploads.append(desk, LI, record.id, 100, [WHOLE])
    assert uploads.look(desk, LI, record.id).offset == 100


def test_what_came_before_the_sender_broke_off_is_kept(desk: Desk) -> None:
    def broken() -> Iterator[bytes]:
        yield WHOLE[:700]
        raise ConnectionResetError

    record = begun(desk)
    with pytest.raises(ConnectionResetError):
        uploads.append(desk, LI, record.id, 0, broken())
    assert uploads.look(desk, LI, record.id).offset == 700
    assert uploads.append(desk, LI, record.id, 700, [WHOLE[700:]]).record.state is Keeping.READY


class Dying:
    """An artifact store whose process dies at one call."""

    def __init__(self, store: ArtifactStore, at: str) -> None:
        self._store, self._at = store, at

    def __getattr__(self, name: str) -> Any:
        if name == self._at:
            raise KeyboardInterrupt
        return getattr(self._store, name)


@pytest.mark.parametrize("at", ["finish", "open", "after-finish"])
def test_an_end_that_was_missed_is_made_up_for_by_whoever_looks(desk: Desk, room: Room, at: str) -> None:
    record = begun(desk)
    dying = replace(desk, artifacts=Dying(room.store, "open" if at == "after-finish" else at))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        uploads.append(dying, LI, record.id, 0, [WHOLE])
    assert artifacts.get(desk, LI, record.id).state is Keeping.CHECKING
    again = replace(desk, artifacts=room.again())
    assert uploads.look(again, LI, record.id).record.state is Keeping.READY
    assert kinds(desk) == [Kind.UPLOAD_BEGUN, Kind.STORED]


def test_a_sweeper_ends_what_its_sender_does_not_ask_for(desk: Desk, room: Room, clock: HandClock) -> None:
    record, bad = begun(desk), begun(desk, WHOLE[:-2000])
    dying = replace(desk, artifacts=Dying(room.store, "finish"))  # type: ignore[arg-type]
    for one, content in ((record, WHOLE), (bad, WHOLE[:-2000])):
        with pytest.raises(KeyboardInterrupt):
            uploads.append(dying, LI, one.id, 0, [content])
    assert sweep(desk, threading.Event()) == 0  # somebody may be at it still
    clock.move(minutes=5)
    sweep(desk, threading.Event())
    assert artifacts.get(desk, LI, record.id).state is Keeping.READY
    assert artifacts.get(desk, LI, bad.id).state is Keeping.REFUSED
    assert [a.key for a in desk.artifacts.list()] == [record.key]


def test_an_upload_that_nobody_goes_on_with_has_failed_and_leaves_no_bytes(
    desk: Desk, room: Room, clock: HandClock
) -> None:
    record = begun(desk)
    uploads.append(desk, LI, record.id, 0, [WHOLE[:100]])
    clock.move(hours=23)
    uploads.append(desk, LI, record.id, 100, [WHOLE[100:200]])
    clock.move(hours=23)  # from the last touch on
    assert sweep(desk, threading.Event()) == 0
    clock.move(hours=2)
    assert sweep(desk, threading.Event()) == 1
    failed = artifacts.get(desk, LI, record.id)
    assert (failed.state, failed.facts["refusals"][0]["code"]) == (Keeping.FAILED, "left")
    assert nothing_lies_about(desk, room)
    assert kinds(desk) == [Kind.UPLOAD_BEGUN, Kind.UPLOAD_FAILED]
    with pytest.raises(Gone, match="not taken"):
        uploads.append(desk, LI, record.id, 200, [b"x"])


def test_bytes_that_could_not_be_dropped_are_dropped_later(
    desk: Desk, room: Room, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def __getattr__(self, name: str) -> Any:
            if name == "delete":
                raise Unreachable(uploads.Text("x", "x"))
            return getattr(room.store, name)

    away = replace(desk, artifacts=Away())  # type: ignore[arg-type]
    record = sent(away, WHOLE[:-2000])
    assert record.state is Keeping.REFUSED
    assert len(list(desk.artifacts.list())) == 1
    clock.move(seconds=1)
    assert sweep(desk, threading.Event()) == 1
    assert nothing_lies_about(desk, room)
    assert sweep(desk, threading.Event()) == 0


def test_an_upload_that_is_ended_leaves_no_bytes(desk: Desk, room: Room) -> None:
    record = begun(desk)
    uploads.append(desk, LI, record.id, 0, [WHOLE[:100]])
    ended = uploads.end(desk, LI, record.id)
    assert (ended.state, ended.facts["refusals"][0]["code"]) == (Keeping.FAILED, "ended")
    assert nothing_lies_about(desk, room)
    with pytest.raises(Conflict):
        uploads.end(desk, LI, record.id)


def test_uploads_are_the_tenants_and_of_those_who_may(desk: Desk) -> None:
    record = begun(desk)
    for act in (uploads.look, uploads.end, artifacts.get, artifacts.delete):
        with pytest.raises(NotFound):
            act(desk, CHEN, record.id)  # type: ignore[operator]
    with pytest.raises(Denied):
        uploads.append(desk, WATCHER, record.id, 0, [b"x"])
    assert uploads.append(desk, OPERATOR, record.id, 0, [WHOLE]).record.state is Keeping.READY


def test_what_was_never_recorded_is_dropped_and_what_is_on_record_is_not(desk: Desk, room: Room) -> None:
    record = begun(desk)
    lost = desk.artifacts.begin(replace(record.key, run="lost"), 10)
    assert drop_stale(desk, threading.Event(), timedelta(0)) == 1
    with pytest.raises(NotFound):
        desk.artifacts.upload(lost.id)
    assert uploads.look(desk, LI, record.id).offset == 0


def test_two_who_end_the_same_upload_make_one_artifact(
    desk: Desk, room: Room, at_once: Callable[..., list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = begun(desk)
    dying = replace(desk, artifacts=Dying(room.store, "finish"))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        uploads.append(dying, LI, record.id, 0, [WHOLE])
    found = artifacts.get(desk, LI, record.id)
    desks = [replace(desk, artifacts=room.again()) for _ in range(4)]
    monkeypatch.setattr(upload_end, "_underway", Forgetful())  # as if each were a process of its own
    at_once([lambda d=d: upload_end.complete(d, found) for d in desks])
    assert uploads.look(desk, LI, record.id).record.state is Keeping.READY
    assert kinds(desk) == [Kind.UPLOAD_BEGUN, Kind.STORED]


class Forgetful(set[str]):
    def add(self, _: str) -> None:
        """Remembers nothing."""


def elsewhere(desk: Desk, room: Room, folder: Path) -> Desk:
    """A worker's on another machine: the rows and the bucket are the same, the staging folder is its own."""
    other = s3_store(room.settings, folder / "staging") if room.settings else LocalStore(folder)
    return replace(desk, artifacts=other)


class Between:
    """An artifact store that does something just before the bytes of an upload are finished."""

    def __init__(self, store: ArtifactStore, do: Callable[[], object]) -> None:
        self._store, self._do = store, do

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def finish(self, *given: Any) -> Any:
        self._do()
        return self._store.finish(*given)


def test_whoever_is_at_the_end_of_an_upload_keeps_its_claim_however_long_that_takes(
    desk: Desk, room: Room, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, claims, claim = elsewhere(desk, room, tmp_path / "other"), threading.Semaphore(0), upload_end._claim

    def counted(tx: Tx, record: Record) -> int:
        claims.release()
        return claim(tx, record)

    def slow() -> None:
        clock.move(minutes=5)
        while claims.acquire(blocking=False):
            pass
        for _ in range(3):  # one may be older than the move; that the third begins says that the second is written
            assert claims.acquire(timeout=20)
        assert sweep(other, threading.Event()) == 0
        assert artifacts.get(desk, LI, record.id).expires_at == clock.now() + timedelta(seconds=upload_end.CLAIM_S)

    monkeypatch.setattr(upload_end, "BEAT_S", 0.01)
    monkeypatch.setattr(upload_end, "_claim", counted)
    record = begun(desk)
    finishing = replace(desk, artifacts=Between(room.store, slow))  # type: ignore[arg-type]
    assert uploads.append(finishing, LI, record.id, 0, [WHOLE]).record.state is Keeping.READY


def test_what_is_being_checked_where_nobody_sees_it_fails_a_day_after_its_claim(
    desk: Desk, room: Room, clock: HandClock, tmp_path: Path
) -> None:
    other, record, left = elsewhere(desk, room, tmp_path / "other"), begun(desk), begun(desk)
    dying = replace(desk, artifacts=Dying(room.store, "finish"))  # type: ignore[arg-type]
    for one in (record, left):
        with pytest.raises(KeyboardInterrupt):
            uploads.append(dying, LI, one.id, 0, [WHOLE])
    clock.move(hours=23)
    assert sweep(other, threading.Event()) == 0
    assert uploads.look(desk, LI, record.id).record.state is Keeping.READY
    clock.move(hours=2)
    assert sweep(other, threading.Event()) == 1
    assert artifacts.get(desk, LI, left.id).state is Keeping.FAILED


def test_an_upload_that_is_ended_while_its_bytes_are_finished_leaves_none(
    desk: Desk, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket takes them for minutes: by then nobody may want them any more."""
    record, at = begun(desk), "put" if room.settings else "_commit"
    finishing = getattr(room.store, at)

    def ended(*given: Any, **more: Any) -> Any:
        monkeypatch.undo()
        uploads.end(desk, LI, record.id)
        return finishing(*given, **more)

    monkeypatch.setattr(room.store, at, ended)
    with pytest.raises(Gone):
        uploads.append(desk, LI, record.id, 0, [WHOLE])
    assert artifacts.get(desk, LI, record.id).state is Keeping.FAILED
    assert nothing_lies_about(desk, room)
    assert kinds(desk) == [Kind.UPLOAD_BEGUN, Kind.UPLOAD_FAILED]


def test_an_upload_that_is_gone_on_with_late_is_not_swept_under_its_sender(desk: Desk, clock: HandClock) -> None:
    def swept() -> Iterator[bytes]:
        assert sweep(desk, threading.Event()) == 0
        yield WHOLE[100:]

    record = begun(desk)
    uploads.append(desk, LI, record.id, 0, [WHOLE[:100]])
    clock.move(hours=25)  # no sweeper came by
    assert uploads.append(desk, LI, record.id, 100, swept()).record.state is Keeping.READY


def test_a_sweeper_that_looked_before_the_sender_came_back_takes_nothing_away(desk: Desk, clock: HandClock) -> None:
    record = begun(desk)
    uploads.append(desk, LI, record.id, 0, [WHOLE[:100]])
    clock.move(hours=25)
    due = artifacts.get(desk, LI, record.id)
    uploads.append(desk, LI, record.id, 100, [WHOLE[100:200]])
    assert upload_sweep._look_after(desk, due) is False
    assert uploads.append(desk, LI, record.id, 200, [WHOLE[200:]]).record.state is Keeping.READY


def test_bytes_that_came_after_the_end_are_not_called_stored(desk: Desk, room: Room) -> None:
    def ended() -> Iterator[bytes]:
        uploads.end(desk, LI, record.id)
        yield WHOLE[:100]

    record = begun(desk)
    with pytest.raises(Gone):
        uploads.append(desk, LI, record.id, 0, ended())
    assert nothing_lies_about(desk, room)


@pytest.mark.req("DC-3")
def test_a_restore_that_its_sender_may_not_ask_for_any_more_is_an_alarm_and_the_file_is_ready(desk: Desk) -> None:
    record = begun(desk, restore="yes")
    put_account(desk, "stage", LI.name, LI.tenant, [r.value for r in LI.roles], active=False)
    assert uploads.append(desk, OPERATOR, record.id, 0, [WHOLE]).record.state is Keeping.READY
    alarm = feed(desk, OPERATOR).events[-1]
    assert (alarm.kind, alarm.facts["why"]) == (Kind.ALARM, "restore-after-upload")
    assert "disabled" in alarm.facts["text"]["en"]


def test_an_upload_whose_beginning_was_not_answered_can_be_gone_on_with(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection to the database broke at the commit: it may be done."""
    code = upload_code(desk, LI, len(WHOLE), GIVEN)
    write = desk.store.write

    def lost(body: Callable[[Tx], Any]) -> Any:
        answer = write(body)
        if artifacts.artifacts(desk, LI, Wanted()):
            raise StoreDown(uploads.Text("断", "the answer was lost"))
        return answer

    monkeypatch.setattr(desk.store, "write", lost)
    with pytest.raises(StoreDown):
        uploads.begin(desk, LI, len(WHOLE), {**GIVEN, "code": code})
    monkeypatch.undo()
    (record,) = artifacts.artifacts(desk, LI, Wanted())
    assert uploads.append(desk, LI, record.id, 0, [WHOLE]).record.state is Keeping.READY


@pytest.mark.req("DC-2")
def test_lists_are_paged_filtered_and_the_tenants_own(desk: Desk, clock: HandClock) -> None:
    made = []
    for n in range(5):
        made.append(sent(desk, WHOLE, filename=f"{n}.bak"))
        clock.move(seconds=n % 2)  # some at the same moment
    newest = sorted(made, key=lambda r: (r.added_at, r.id), reverse=True)
    first = artifacts.artifacts(desk, LI, Wanted(limit=3))
    rest = artifacts.artifacts(desk, LI, Wanted(limit=3, cursor=artifacts.cursor_of(first[-1])))
    assert [r.id for r in first + rest] == [r.id for r in newest]
    assert artifacts.artifacts(desk, CHEN, Wanted()) == []
    assert artifacts.artifacts(desk, CHEN, Wanted(tenant="acme")) == []
    assert len(artifacts.artifacts(desk, OPERATOR, Wanted())) == 5
    assert artifacts.artifacts(desk, LI, Wanted(kind="bacpac")) == []
    assert len(artifacts.artifacts(desk, LI, Wanted(place="acme/prod/one", state=Keeping.READY))) == 5
    for wrong in (Wanted(limit=0), Wanted(cursor="x")):
        with pytest.raises(Mistake):
            artifacts.artifacts(desk, LI, wrong)


@pytest.mark.req("DC-2")
def test_an_artifact_is_deleted_with_its_bytes_unless_somebody_needs_it(desk: Desk, room: Room) -> None:
    record = sent(desk, WHOLE)
    number = submit(desk, LI, wish(place="acme/prod", description="no parameter names it")).number
    store_params(desk, number, record.id)
    with pytest.raises(Conflict) as raised:
        artifacts.delete(desk, LI, record.id)
    assert raised.value.facts["requests"] == [number]
    store_params(desk, number, "other")
    with pytest.raises(Denied):
        artifacts.delete(desk, WATCHER, record.id)
    assert artifacts.delete(desk, LI, record.id).state is Keeping.DELETED
    assert nothing_lies_about(desk, room)
    with pytest.raises(Conflict):
        artifacts.delete(desk, LI, record.id)
    assert kinds(desk) == [Kind.UPLOAD_BEGUN, Kind.STORED, Kind.DELETED]


def store_params(desk: Desk, number: int, artifact: str) -> None:
    """As an operation that takes an artifact has them."""
    from sqlalchemy import update

    from runner.store.schema import request

    with desk.store.engine.begin() as connection:
        params = f'{{"artifact":"{artifact}"}}'
        connection.execute(update(request).where(request.c.number == number).values(params=params))
