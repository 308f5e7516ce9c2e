"""The server lets one worker of a job at its databases at a time, and none after a later one has been there."""

from contextlib import closing

import pytest

from domain.command import Fence
from domain.errors import Overtaken, Unreachable
from domain.secret import Secret
from executors.mssql_address import address_of
from executors.mssql_link import Link
from executors.sql_server import attempt
from tests.contract.mssql.conftest import DATABASE, OPS, OPS_PASSWORD, Estate


@pytest.fixture
def marks(estate: Estate) -> dict[str, object]:
    """What the worker of epoch 1 carries."""
    return {**estate.fence().marks("backup"), "work": estate.fence().work}


def session(estate: Estate) -> Link:
    """A session of a worker that is frozen: it is open, and nothing goes on in it."""
    sql = estate.host.sql
    assert sql is not None
    return Link(address_of(estate.host, sql, OPS, Secret(OPS_PASSWORD)), "frozen", "yunwei")


@pytest.mark.req("CORE-3")
def test_while_an_earlier_workers_session_lives_the_next_one_is_told_to_wait(
    estate: Estate, marks: dict[str, object]
) -> None:
    with closing(session(estate)) as frozen:
        attempt.hold(frozen, marks)
        with pytest.raises(Unreachable) as told:
            estate.run("backup", fence=estate.fence(epoch=2), database=DATABASE)
        assert (told.value.facts["held"], told.value.facts["started"]) == (True, False)
    estate.run("backup", fence=estate.fence(epoch=2), database=DATABASE)


@pytest.mark.req("CORE-3")
@pytest.mark.parametrize("verb", ["backup", "restore-beside", "drop", "put-back", "swap-back"])
def test_a_worker_that_wakes_up_after_a_later_one_was_there_does_nothing(verb: str, estate: Estate) -> None:
    file = estate.run("backup", fence=estate.fence(epoch=2), database=DATABASE)["file"]
    given = {"database": DATABASE, "file": file, "old": f"{DATABASE}_old", "new": "job42.ff-new"}
    with pytest.raises(Overtaken):
        estate.run(verb, fence=estate.fence(epoch=1), **given)
    assert estate.rows("SELECT COUNT(*) FROM dbo.T_BD_MATERIAL") == [(3,)]


@pytest.mark.req("CORE-3")
def test_a_job_of_the_same_number_in_a_new_store_is_another_job(estate: Estate) -> None:
    estate.run("backup", fence=estate.fence(epoch=7), database=DATABASE)
    other = Fence(job=42, asked=256, run=1, epoch=1)
    assert estate.script("DELETE FROM dbo.T_BD_MATERIAL", fence=other)["acted"] is True
