"""Backups are made once and proven; a restore leaves the target usable, whatever happens on the way."""

from pathlib import Path

import pytest

from tests.contract.mssql.conftest import DATABASE, Estate, Watcher


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
    from domain.command import Sql

    command = Sql(host="acme/prod/db1", verb="verify", fence="backup").fenced(estate.fence())
    assert estate.executor.run(command, Watcher()).facts["said"]


@pytest.mark.req("DC-3")
def test_a_restore_beside_is_checked_and_takes_the_name_and_the_rows_are_back(estate: Estate) -> None:
    file = estate.run("backup", database=DATABASE)["file"]
    estate.rows("DELETE FROM dbo.T_BD_MATERIAL")
    read = estate.run("read-media", file=file)
    assert read["header"]["DatabaseName"] == DATABASE
    assert read["bytes"] > 0
    new = estate.run("restore-beside", file=file)["database"]["name"]
    assert estate.run("check", database=new)["sound"] is True
    old = f"{DATABASE}_before_42"
    swapped = estate.run("swap", database=DATABASE, new=new, old=old)
    assert swapped["acted"] is True
    proof = estate.run("prove", database=DATABASE, old=old)
    assert (proof["database"]["state"], proof["database"]["access"], proof["answers"]) == ("ONLINE", "MULTI_USER", True)
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(3,)]
    assert estate.run("drop", database=old)["dropped"] is True
