"""The app servers of the same estate: restarted in turn, each proven up by its services, processes and site."""

import pytest

from tests.acceptance.sql.conftest import Stage

ENVIRONMENT = "ledger-test/prod"


@pytest.mark.req("IIS-1", "IIS-2")
def test_iis_is_restarted_on_every_app_server_and_proven_up(stage: Stage) -> None:
    hosts = stage.desk.decider.estate.place(ENVIRONMENT).environment.app_hosts
    if not hosts:
        pytest.skip(f"{ENVIRONMENT} of this estate has no app servers")
    number = stage.done("iis-restart", {}, ENVIRONMENT, who="olga")
    steps = stage.steps(number)
    assert [s for s in steps if s.startswith("restart:")] == [f"restart:{h.name}" for h in hosts]
    assert [s for s in steps if s.startswith("answer:")] == [f"answer:{h.name}" for h in hosts]
