"""Scripts on every store: what they are told and what they need, what room they take, and when they go."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.artifact import ArtifactKey
from domain.errors import Conflict, Mistake
from domain.event import Kind
from domain.keeping import Keeping
from domain.request import Actor, Role
from intake.artifacts import delete, get
from intake.change import edit
from intake.desk import Desk
from intake.read import feed
from intake.scripts import KEPT, MOST_RUNS, MOST_TOLD, Script, hand_in
from intake.submit import submit
from intake.taking import check_taken
from intake.upload_sweep import sweep
from playbooks.sql_update import SqlUpdate
from runner.store.migrate import migrate
from tests.stage import LI, OPERATOR, HandClock, wish

ONE = "acme/prod/one"
DANA = Actor(name="dana", tenant="acme", roles=frozenset({Role.DATA_OPS}))


def handed(desk: Desk, text: str, place: str = ONE) -> Script:
    return hand_in(desk, DANA, place, text.encode())


def taken(desk: Desk, script: Script, *, accept: bool = False) -> None:
    check_taken(desk.store, SqlUpdate(script=script.id, accept_risks=accept), desk.place(ONE, DANA))


@pytest.mark.req("SQL-7")
@pytest.mark.parametrize("risks", [1, MOST_TOLD + 30])
def test_a_risk_behind_any_number_of_notes_needs_its_yes_and_is_told(desk: Desk, risks: int) -> None:
    script = handed(desk, "SET NOEXEC ON;\n" * (MOST_TOLD + 20) + "DELETE t;\n" * risks)
    assert (script.found, script.risky) == (MOST_TOLD + 20 + risks, risks)
    assert len(script.findings) == MOST_TOLD
    assert [f["weight"] for f in script.findings].count("risky") == min(risks, MOST_TOLD)
    lines = [f["line"] for f in script.findings]
    assert lines == sorted(lines)
    with pytest.raises(Mistake) as refused:
        taken(desk, script)
    (fault,) = refused.value.faults
    assert (fault.path, fault.code) == ("params.accept_risks", "unconfirmed")
    assert f"line {MOST_TOLD + 21}: DELETE" in fault.text.en
    assert (f"and {risks - 20} more" in fault.text.en) is (risks > 20)
    taken(desk, script, accept=True)


@pytest.mark.req("SQL-7")
@pytest.mark.parametrize(("line", "code"), [("SHUTDOWN\n", "server"), (":r x.sql\n", "sqlcmd")])
def test_of_any_number_of_refusals_the_first_are_told_and_the_rest_counted(desk: Desk, line: str, code: str) -> None:
    with pytest.raises(Mistake) as refused:
        handed(desk, "SELECT 1\n" + line * 250)
    *faults, more = refused.value.faults
    assert [(f.path, f.code) for f in faults] == [(f"line {n + 2}", code) for n in range(MOST_TOLD)]
    assert (more.code, more.text.en) == ("more", "and 150 more")
    assert (
        desk.store.rows("artifacts_of_tenant", tenant="acme", kind="", place="", state="", at=2**62, id="", most=9)
        == []
    )


@pytest.mark.req("SQL-5")
def test_more_batches_than_may_run_are_refused(desk: Desk) -> None:
    assert handed(desk, f"SELECT 1\nGO {MOST_RUNS}\n").runs == MOST_RUNS
    for script in (f"SELECT 1\nGO {MOST_RUNS}\nSELECT 2\n", "SELECT 1\nGO\n" * (MOST_RUNS + 1)):
        with pytest.raises(Mistake) as refused:
            handed(desk, script)
        assert [f.code for f in refused.value.faults] == ["too-many-batches"]


def named_in(desk: Desk, script: Script) -> int:
    """A request at the script's place that names it."""
    return submit(desk, OPERATOR, wish("data-work", place=ONE, params={"note": script.id})).number


def swept(desk: Desk) -> int:
    return sweep(desk, threading.Event())


def state(desk: Desk, script: Script) -> Keeping:
    return get(desk, LI, script.id).state


@pytest.mark.req("USE-1")
def test_a_script_beyond_what_the_tenant_bought_is_refused_and_leaves_nothing(desk: Desk) -> None:
    kept = handed(desk, "SELECT 1")
    tenants = tuple(replace(t, storage_gb=0) for t in desk.decider.estate.tenants)
    full = replace(desk, decider=replace(desk.decider, estate=replace(desk.decider.estate, tenants=tenants)))
    with pytest.raises(Mistake) as refused:
        handed(full, "SELECT 2")
    assert [(f.path, f.code) for f in refused.value.faults] == [("content", "no-room")]
    assert len(list(desk.artifacts.list())) == 1
    assert handed(full, "SELECT 1").id == kept.id, "what is there needs no room"


@pytest.mark.req("DC-2")
def test_a_script_that_no_request_names_goes_after_its_time_and_a_named_one_stays(desk: Desk, clock: HandClock) -> None:
    forgotten, named, renewed = (handed(desk, f"SELECT {n}") for n in range(3))
    named_in(desk, named)
    clock.move(days=KEPT.days - 1)
    assert swept(desk) == 0
    handed(desk, "SELECT 2")
    clock.move(days=1)
    assert swept(desk) == 1
    assert [state(desk, s) for s in (forgotten, named, renewed)] == [Keeping.DELETED, Keeping.READY, Keeping.READY]
    assert len(list(desk.artifacts.list())) == 2
    assert [e.facts["id"] for e in feed(desk, OPERATOR).events if e.kind is Kind.DELETED] == [forgotten.id]
    clock.move(days=400)
    assert (swept(desk), swept(desk)) == (1, 0)
    assert [state(desk, s) for s in (named, renewed)] == [Keeping.READY, Keeping.DELETED]
    assert get(desk, LI, named.id).expires_at is None


@pytest.mark.req("DC-2")
def test_a_script_that_only_an_earlier_version_names_stays(desk: Desk, clock: HandClock) -> None:
    script = handed(desk, "SELECT 1")
    later = clock.now() + timedelta(days=5)
    body = wish("data-work", place=ONE, params={"note": script.id}, planned_at=later.isoformat())
    number = submit(desk, OPERATOR, body).number
    edit(desk, OPERATOR, number, 1, {"params": {"note": "another"}})
    clock.move(days=KEPT.days)
    assert swept(desk) == 0
    assert state(desk, script) is Keeping.READY


@pytest.mark.req("DC-2")
def test_its_tenant_may_delete_a_script_unless_a_request_names_it(desk: Desk) -> None:
    loose, named = handed(desk, "SELECT 1"), handed(desk, "SELECT 2")
    number = named_in(desk, named)
    assert delete(desk, LI, loose.id).state is Keeping.DELETED
    with pytest.raises(Conflict) as refused:
        delete(desk, LI, named.id)
    assert refused.value.facts["requests"] == [number]
    assert str(number) in refused.value.text.zh
    assert state(desk, named) is Keeping.READY
    assert len(list(desk.artifacts.list())) == 1


@pytest.mark.req("DC-2")
def test_what_was_deleted_and_is_handed_in_again_is_another_script(desk: Desk) -> None:
    first = handed(desk, "SELECT 1")
    delete(desk, LI, first.id)
    second = handed(desk, "SELECT 1")
    assert second.id != first.id
    assert (state(desk, first), state(desk, second)) == (Keeping.DELETED, Keeping.READY)
    assert handed(desk, "SELECT 1").id == second.id
    with desk.artifacts.open(get(desk, LI, second.id).key) as opened:
        assert b"".join(opened) == b"SELECT 1"


@pytest.mark.req("DC-2")
def test_a_script_that_is_deleted_while_it_is_handed_in_again_leaves_no_bytes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, put = handed(desk, "SELECT 1"), desk.artifacts.put

    def put_late(key: ArtifactKey, *args: object, **more: object) -> object:
        delete(desk, LI, script.id)
        return put(key, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.artifacts, "put", put_late)
    with pytest.raises(Conflict, match="hand it in again"):
        handed(desk, "SELECT 1")
    assert list(desk.artifacts.list()) == []


@pytest.mark.req("DC-2")
def test_scripts_of_before_they_had_a_time_get_it_by_the_migration(desk: Desk, clock: HandClock) -> None:
    forgotten, named = handed(desk, "SELECT 1"), handed(desk, "SELECT 2")
    named_in(desk, named)
    with desk.store.engine.begin() as connection:
        connection.execute(text("UPDATE artifact SET expires_at = NULL"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0011'"))
    migrate(desk.store)
    assert get(desk, LI, forgotten.id).expires_at == clock.now() + KEPT
    clock.move(days=KEPT.days)
    swept(desk)
    assert [state(desk, s) for s in (forgotten, named)] == [Keeping.DELETED, Keeping.READY]
