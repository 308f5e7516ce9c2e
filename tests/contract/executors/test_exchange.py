"""Files between the exchange folder and the artifact store: the same bytes end in one place, others nowhere."""

from pathlib import Path

import pytest

from domain.command import Carry
from domain.errors import Broke
from domain.places import DatabaseHost, Exchange, SqlServer
from domain.secret import SecretRef
from executors.exchange import ExchangeExecutor
from executors.objects import local_store
from tests.contract.mssql.conftest import Watcher

KEY = "acme/backup/job7.ff-backup/one.bak"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "exchange"
    found.mkdir()
    return found


@pytest.fixture
def exchange(tmp_path: Path, folder: Path) -> ExchangeExecutor:
    there = Exchange(there="X:\\exchange", here=str(folder))
    sql = SqlServer(user="ops", password=SecretRef("env", "NONE"), exchange=there)
    host = DatabaseHost(name="db1", path="acme/prod/db1", address="127.0.0.1", sql=sql)
    store = local_store(tmp_path / "store")
    return ExchangeExecutor(lambda _: host, store, lambda _: pytest.fail("no artifact is asked for"))


def stow(exchange: ExchangeExecutor) -> dict[str, object]:
    command = Carry(host="acme/prod/db1", act="stow", file="job7.ff-backup.bak", key=KEY)
    return exchange.run(command, Watcher()).facts


@pytest.mark.req("DC-2", "CORE-1")
def test_a_file_that_an_earlier_try_has_stored_is_stored(exchange: ExchangeExecutor, folder: Path) -> None:
    (folder / "job7.ff-backup.bak").write_bytes(b"a backup")
    first = stow(exchange)
    assert stow(exchange) == first


@pytest.mark.req("DC-2", "CORE-1")
def test_other_bytes_under_the_same_key_are_never_taken_for_it(exchange: ExchangeExecutor, folder: Path) -> None:
    file = folder / "job7.ff-backup.bak"
    file.write_bytes(b"a backup")
    stow(exchange)
    file.write_bytes(b"a backup of a day later")
    with pytest.raises(Broke) as told:
        stow(exchange)
    assert "ask for the operation again" in told.value.text.en
