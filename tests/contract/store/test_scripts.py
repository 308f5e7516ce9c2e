"""Scripts on every store: what they are told and what they need, what room they take, and when they go."""

import pytest

from domain.errors import Mistake
from domain.request import Actor, Role
from intake.desk import Desk
from intake.scripts import MOST_RUNS, MOST_TOLD, Script, hand_in
from intake.taking import check_taken
from playbooks.sql_update import SqlUpdate

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
    for text in (f"SELECT 1\nGO {MOST_RUNS}\nSELECT 2\n", "SELECT 1\nGO\n" * (MOST_RUNS + 1)):
        with pytest.raises(Mistake) as refused:
            handed(desk, text)
        assert [f.code for f in refused.value.faults] == ["too-many-batches"]
