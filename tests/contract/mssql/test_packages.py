"""What the catalog says of packages, and the names that databases are imported under."""

import pytest

from domain.command import Fence
from tests.contract.mssql.conftest import DATABASE, Estate

NAME = "job42.ff-import"


@pytest.mark.req("DC-8")
def test_a_plain_database_can_become_a_bacpac(estate: Estate) -> None:
    facts = estate.run("package-kind", database=DATABASE)
    assert facts == {"format": "bacpac", "against_bacpac": {}, "against_both": {}}


@pytest.mark.req("DC-8")
def test_what_speaks_against_a_bacpac_is_told_with_its_names(estate: Estate) -> None:
    estate.rows("CREATE VIEW dbo.V_STOCK AS SELECT FNAME FROM [Other].dbo.T_STOCK")
    estate.rows("CREATE LOGIN [ACME\\zhang] FROM WINDOWS", "master")
    estate.rows("CREATE USER [ACME\\zhang] FOR LOGIN [ACME\\zhang]")
    facts = estate.run("package-kind", database=DATABASE)
    assert facts["format"] == "dacpac"
    assert facts["against_bacpac"] == {
        "references": ["V_STOCK → [Other].[T_STOCK]"],
        "windows-users": ["ACME\\zhang"],
    }


@pytest.mark.req("DC-8")
def test_encrypted_objects_speak_against_both(estate: Estate) -> None:
    estate.rows("CREATE PROCEDURE dbo.P_SECRET WITH ENCRYPTION AS SELECT 1")
    facts = estate.run("package-kind", database=DATABASE)
    assert (facts["format"], facts["against_both"]) == (None, {"encrypted": ["P_SECRET"]})


@pytest.mark.req("DC-8", "CORE-1")
def test_a_name_stays_reserved_for_the_job_when_its_database_is_half_made_and_is_dropped_by_it(estate: Estate) -> None:
    assert estate.run("reserve-name", name=NAME)["reserved"] is True
    estate.engine.create_database(NAME)
    again = estate.run("reserve-name", name=NAME, fence=Fence(job=42, asked=255, run=1, epoch=2))
    assert (again["reserved"], again["acted"]) == (True, False)
    dropped = estate.run("drop-reserved", name=NAME, fence=Fence(job=42, asked=255, run=3, epoch=2))
    assert dropped["dropped"] is True
    assert estate.engine.store.find(NAME) is None


@pytest.mark.req("DC-8")
def test_a_name_that_is_taken_is_refused_and_its_database_is_not_touched(estate: Estate) -> None:
    estate.engine.create_database(NAME)
    assert estate.run("reserve-name", name=NAME)["reserved"] is False
    assert estate.run("reserve-name", name=NAME)["reserved"] is False
    assert estate.run("drop-reserved", name=NAME) == {"dropped": False}
    assert estate.engine.store.find(NAME) is not None


@pytest.mark.req("DC-8")
def test_what_was_never_reserved_is_not_dropped(estate: Estate) -> None:
    assert estate.run("drop-reserved", name=DATABASE) == {"dropped": False}
    assert estate.engine.store.find(DATABASE) is not None
