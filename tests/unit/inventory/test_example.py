"""The example is manual, schema and fixture: it is loaded here, and the schema is walked beside it."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.errors import NotFound
from domain.places import Exchange, Kind, Standing
from domain.rulebook import ClosedWindow, Quota
from domain.secret import SecretRef
from domain.text import Text
from inventory.load import Inventory, load
from inventory.record import Listing, Named, Record
from inventory.schema import ESTATE


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return load(Path(str(files("inventory.estate").joinpath("example.yml"))))


def test_the_example_loads_into_places_that_know_their_path(inventory: Inventory) -> None:
    place = inventory.estate.place("ledger-test/prod/ledger1")
    assert place.title == "账套测试 / 正式环境 / 测试账套"
    assert place.tenant.standing is Standing.FORMAL
    assert place.tenant.expires == date(2027, 12, 31)
    assert place.tenant.zone.key == "Asia/Shanghai"
    assert place.environment.kind is Kind.PRODUCTION
    assert place.environment.entitlements == {"dedicated-vip"}
    assert [h.path for h in place.environment.app_hosts] == ["ledger-test/prod/app1", "ledger-test/prod/app2"]


def test_the_example_says_how_a_restart_is_done_and_proven(inventory: Inventory) -> None:
    environment = inventory.estate.place("ledger-test/prod").environment
    assert (environment.restart.mode, environment.restart.timeout) == ("iisreset", timedelta(seconds=60))
    assert environment.site.statuses == (200, 302)
    assert environment.load_balancer is not None
    assert environment.load_balancer.file == r"C:\lb\ok.txt"
    assert environment.database_host is not None
    assert environment.database_host.port == 1433


def test_the_example_says_how_sql_server_is_reached_and_where_backups_pass(inventory: Inventory) -> None:
    server = inventory.estate.database_host("ledger-test/prod/db1")
    assert server.sql is not None
    assert (server.sql.user, server.sql.encryption, server.sql.verify) == ("yunwei_ops", "required", True)
    assert server.sql.password == SecretRef("file", str(inventory.folder / "secrets/db1-ops"))
    assert server.sql.exchange == Exchange(there="D:\\Exchange", here=str(inventory.folder / "exchange"))
    login = inventory.estate.place("ledger-test/prod/ledger1").data_center
    assert login is not None
    assert login.script_login is not None
    assert login.script_login.user == "yunwei_ledger1"


def test_a_database_server_with_winrm_is_a_host_too_and_an_unknown_one_is_not_found(inventory: Inventory) -> None:
    host = inventory.estate.host("ledger-test/prod/db1")
    assert (host.address, host.site_port, host.winrm.transport) == ("10.0.0.9", 0, "ntlm")
    with pytest.raises(NotFound):
        inventory.estate.database_host("ledger-test/prod/app1")


@pytest.mark.req("INT-8", "INT-9", "EXP-1")
def test_the_example_gives_the_rules_their_figures(inventory: Inventory) -> None:
    rules = inventory.rules
    assert rules.closed_windows == (ClosedWindow(starts=time(0), ends=time(3, 30)),)
    assert rules.freezes[0].starts == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert rules.freezes[0].reason == Text("元旦结账", "New Year closing")
    assert rules.freezes[0].tenants == {"ledger-test"}
    assert rules.planning.range == timedelta(days=7)
    assert rules.expiry.closed_day == 31
    assert rules.quotas == {"restart": (Quota(period="day", limit=10),)}
    assert rules.default_cutoff == timedelta(minutes=30)


def test_file_names_become_absolute_and_secrets_stay_references(inventory: Inventory) -> None:
    app1, app2, _ = inventory.estate.hosts.values()
    assert app1.winrm.password == SecretRef("file", str(inventory.folder / "secrets/app1"))
    assert app2.winrm.password == SecretRef("env", "APP2_PASSWORD")
    assert app2.winrm.ca_file == str(inventory.folder / "ca.pem")
    assert inventory.folder.is_absolute()


def test_the_example_shows_every_key_of_the_schema(example: str) -> None:
    in_schema = {path for path, _ in _schema_keys(ESTATE)}
    in_example = set(_example_keys(ESTATE, yaml.safe_load(example)))
    assert in_schema - in_example == set()
    assert len(in_schema) > 50


def test_the_example_explains_every_key_in_a_comment(example: str) -> None:
    explained = set(re.findall(r"^\s*(?:- )?(\w+):.*\s#\s\w", example, flags=re.MULTILINE))
    assert {name for _, name in _schema_keys(ESTATE)} - explained == set()


def _schema_keys(read: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(read, Record):
        for key in read.keys:
            yield f"{path}.{key.name}", key.name
            yield from _schema_keys(key.read, f"{path}.{key.name}")
    elif isinstance(read, Listing | Named):
        yield from _schema_keys(read.item, path)


def _example_keys(read: Any, value: Any, path: str = "") -> Iterator[str]:
    if isinstance(read, Record):
        for key in [k for k in read.keys if k.name in value]:
            yield f"{path}.{key.name}"
            yield from _example_keys(key.read, value[key.name], f"{path}.{key.name}")
    elif isinstance(read, Listing | Named):
        for item in value if isinstance(read, Listing) else value.values():
            yield from _example_keys(read.item, item, path)
