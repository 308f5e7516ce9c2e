"""Backups are made once and proven; a restore leaves the target usable, whatever happens on the way."""

from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import Trouble
from executors.sql_server.backup import _statement
from tests.contract.mssql.conftest import DATABASE, SCRIPT, Estate, Watcher
from tests.contract.mssql.test_attempts import session


@pytest.mark.req("DC-2")
def test_a_backup_is_made_with_checksums_and_proven_in_msdb(estate: Estate) -> None:
    call = Watcher()
    facts = estate.run("backup", call, database=DATABASE)
    assert (facts["set"]["type"], facts["set"]["copy_only"], facts["set"]["checksums"]) == ("D", True, True)
    assert Path(estate.host.sql.exchange.here, facts["file"]).stat().st_size > 0
    assert any("percent" in line for _, line in call.lines)


@pytest.mark.req("CORE-1")
def test_a_backup_that_is_asked_for_again_is_found_and_not_made_again(estate: Estate) -> None:
    first = estate.run("backup", database=DATABASE)
    assert estate.run("backup", database=DATABASE) == first
    assert len(estate.rows("SELECT name FROM msdb.dbo.backupset")) == 1


@pytest.mark.req("DC-2")
def test_a_backup_is_read_through_before_it_counts(estate: Estate) -> None:
    estate.run("backup", database=DATABASE)
    assert estate.run("verify")["said"]


@pytest.mark.req("DC-3")
def test_a_restore_beside_is_checked_and_takes_the_name_and_the_rows_are_back(estate: Estate) -> None:
    file = estate.run("backup", database=DATABASE)["file"]
    estate.rows("DELETE FROM dbo.T_BD_MATERIAL")
    read = estate.run("read-media", file=file)
    assert read["header"]["DatabaseName"] == DATABASE
    assert read["bytes"] > 0
    new = estate.run("restore-beside", file=file)["database"]["name"]
    assert estate.run("check", database=new, login="", strangers=[])["sound"] is True
    old = f"{DATABASE}_before_42"
    swapped = estate.run("swap", database=DATABASE, new=new, old=old)
    assert swapped["acted"] is True
    proof = estate.run("prove", database=DATABASE, old=old)
    assert (proof["database"]["state"], proof["database"]["access"], proof["answers"]) == ("ONLINE", "MULTI_USER", True)
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(3,)]
    assert estate.run("drop", database=old)["dropped"] is True


@pytest.mark.req("DC-3")
def test_a_restore_in_place_throws_users_off_and_leaves_the_target_open_to_all(estate: Estate) -> None:
    file = estate.run("backup", database=DATABASE)["file"]
    estate.rows("DELETE FROM dbo.T_BD_MATERIAL")
    facts = estate.run("restore-in-place", database=DATABASE, file=file)
    assert (facts["acted"], facts["database"]["state"], facts["database"]["access"]) == (True, "ONLINE", "MULTI_USER")
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(3,)]


@pytest.mark.req("DC-3")
def test_a_target_that_was_replaced_and_found_unsound_is_put_back_once(estate: Estate) -> None:
    source = estate.run("backup", database=DATABASE)["file"]
    estate.rows("DELETE FROM dbo.T_BD_MATERIAL")
    safety = estate.run("backup", database=DATABASE, name="safety")["file"]
    estate.run("restore-in-place", database=DATABASE, file=source)
    estate.run("put-back", step="restore-in-place", database=DATABASE, file=safety)
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(0,)], "as before the restore"
    estate.rows("INSERT INTO dbo.T_BD_MATERIAL (FID, FNAME, FQTY) VALUES (9, N'垫', 1)")
    estate.run("put-back", step="restore-in-place", database=DATABASE, file=safety)
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(1,)], "sent again it takes nothing from users"


@pytest.mark.req("DC-3")
def test_a_target_that_a_restore_never_reached_is_not_put_back(estate: Estate) -> None:
    safety = estate.run("backup", database=DATABASE, name="safety")["file"]
    estate.rows("DELETE FROM dbo.T_BD_MATERIAL")
    estate.run("put-back", step="restore-in-place", database=DATABASE, file=safety)
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(0,)]


@pytest.mark.req("DC-3")
def test_a_target_left_restoring_is_brought_back_from_the_backup_taken_before(estate: Estate) -> None:
    file = estate.run("backup", database=DATABASE)["file"]
    estate.engine.faults.ask("leave_restoring", 1)
    with pytest.raises(Trouble):
        estate.run("restore-in-place", database=DATABASE, file=file)
    sealed = estate.fence(seal=True)
    look = estate.run("restore-in-place", fence=sealed, database=DATABASE, file=file, look=True)
    assert (look["phase"], look["took_effect"], look["database"]["state"]) == ("begun", False, "RESTORING")
    back = estate.run("put-back", database=DATABASE, file=file)
    assert (back["database"]["state"], back["database"]["access"]) == ("ONLINE", "MULTI_USER")
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(3,)]


@pytest.mark.req("SQL-9", "DC-3")
def test_a_backup_brings_the_scripts_login_no_more_rights_than_it_has_here(estate: Estate) -> None:
    estate.rows(f"ALTER ROLE [db_owner] ADD MEMBER [{SCRIPT}]")
    facts = estate.run("check", database=DATABASE, login=SCRIPT, strangers=[])
    assert facts["let_in"] is True
    asked = (
        "SELECT r.name, u.name FROM sys.database_role_members m "
        "JOIN sys.database_principals r ON r.principal_id = m.role_principal_id "
        "JOIN sys.database_principals u ON u.principal_id = m.member_principal_id"
    )
    assert {role for role, user in estate.rows(asked) if user == SCRIPT} == {
        "db_datareader",
        "db_datawriter",
        "db_ddladmin",
    }


@pytest.mark.req("DC-3")
def test_a_login_that_the_server_does_not_know_is_not_let_in(estate: Estate) -> None:
    assert estate.run("check", database=DATABASE, login="nobody", strangers=[])["let_in"] is False


@pytest.mark.req("DC-2")
@pytest.mark.parametrize(
    ("edition_id", "engine", "compresses"),
    [(1293598313, 2, False), (-1534726760, 2, True), (1804890536, 3, True), (-1592396055, 4, False)],
)
def test_a_backup_is_compressed_where_the_edition_can(
    estate: Estate, edition_id: int, engine: int, compresses: bool
) -> None:
    estate.engine.properties = {**estate.engine.properties, "editionid": edition_id, "engineedition": engine}
    with closing(session(estate)) as link:
        assert ("COMPRESSION" in _statement(link, DATABASE, "x.bak", "x")) is compresses
