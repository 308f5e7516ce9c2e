"""Traffic and storage at the command line."""

from typing import Any

import pytest

from domain.usage import TrafficKind
from intake.traffic import count
from wiring import open_product, settings_from

pytestmark = pytest.mark.req("USE-1")


@pytest.fixture
def used(site: Any) -> Any:
    """Three bytes have left."""
    product = open_product(settings_from())
    count(product.desk, "ledger-test", TrafficKind.BACKUP_DOWNLOAD, 3)
    product.close()
    return site


def test_the_sums_are_told_to_people_and_programs(used: Any) -> None:
    assert used.run("usage", "--json").data["traffic"]["used"] == 3
    lines = [line.split("\t") for line in used.run("usage").out.splitlines()]
    assert lines[0] == ["traffic", "no limit is set", "0.00 GB", "no limit is set"]
    assert used.run("usage", "--tenant", "ledger-test", "--as", "olga", "--json").data["traffic"]["used"] == 3


def test_the_days_are_filtered(used: Any) -> None:
    (line,) = used.run("usage", "--daily").out.splitlines()
    assert line.split("\t")[1:] == ["backup download", "3"]
    assert used.run("usage", "--daily", "--kind", "product", "--json").data == {"items": [], "bytes": 0}
    past = used.run("usage", "--daily", "--from", "2020-01-01", "--to", "2020-01-31", "--json")
    assert past.data == {"items": [], "bytes": 0}


def test_mistakes_and_strangers_have_their_exit_codes(used: Any) -> None:
    answers = [
        used.run("usage", "--as", "olga"),
        used.run("usage", "--kind", "product"),
        used.run("usage", "--daily", "--from", "yesterday"),
        used.run("usage", "--daily", "--from", "2026-02-01", "--to", "2026-01-01"),
        used.run("usage", "--tenant", "ledger-test", "--as", "otto"),
    ]
    assert [a.code for a in answers] == [2, 2, 2, 2, 4]
