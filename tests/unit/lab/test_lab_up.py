"""`python -m lab up` as a real process: it says where it is, speaks WinRM, and leaves cleanly."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pymssql
import pytest
import winrm

from domain.places import DatabaseHost, Host
from inventory.load import load
from lab.estate import LabEstate, LabSpec

DEADLINE_S = 30


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "lab", "up", "--folder", str(tmp_path), "--hosts", "3", "--restart-s", "0.1"]
    process = subprocess.Popen(
        [*command, "--with-parent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate(timeout=DEADLINE_S)


def ready(lab: subprocess.Popen[str]) -> dict[str, Any]:
    assert lab.stdout
    line = lab.stdout.readline()
    assert line, lab.stderr.read() if lab.stderr else ""
    return dict(json.loads(line))


def session(host: Host, folder: Path, password: str) -> winrm.Session:
    scheme = "https" if host.winrm.tls else "http"
    return winrm.Session(
        f"{scheme}://{host.address}:{host.winrm.port}/wsman",
        auth=(host.winrm.user, password),
        transport=host.winrm.transport,
        ca_trust_path=str(folder / "ca.pem"),
    )


@pytest.mark.req("CARD-3")
def test_every_host_of_the_estate_file_can_be_restarted_over_its_wire(
    lab: subprocess.Popen[str], tmp_path: Path
) -> None:
    said = ready(lab)
    (tenant,) = load(tmp_path / "estate.yml").estate.tenants
    prod, shared, _ = tenant.environments
    assert (tenant.title, prod.entitlements, shared.entitlements) == (
        "账套测试",
        frozenset({"dedicated-vip"}),
        frozenset(),
    )
    for host in prod.app_hosts:
        ended = session(host, tmp_path, (tmp_path / "secrets" / host.name).read_text()).run_cmd("iisreset")
        assert ended.status_code == 0
    assert {(host.winrm.transport, host.winrm.tls) for host in prod.app_hosts} == {
        ("ntlm", False),
        ("basic", True),
        ("ntlm", True),
    }
    with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{said['control_port']}/ledger", timeout=20) as answer:
        effects = json.load(answer)["effects"]
    assert [(effect["host"], effect["kind"]) for effect in effects] == [(f"APP{n}", "iisreset") for n in (1, 2, 3)]
    assert said == json.loads((tmp_path / "lab.json").read_text())


def test_secrets_and_keys_are_for_their_owner_only(lab: subprocess.Popen[str], tmp_path: Path) -> None:
    ready(lab)
    private = [*(tmp_path / "secrets").iterdir(), *(tmp_path / "keys").glob("*.key")]
    assert {"app1", "app2.key", "db1", "db1.key", "db1-sql.key", "db1-ops", "ledger1-script"} <= {
        p.name for p in private
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


def test_every_database_of_the_estate_file_is_there_and_only_its_own_login_gets_in(
    lab: subprocess.Popen[str], tmp_path: Path
) -> None:
    ready(lab)
    estate = load(tmp_path / "estate.yml").estate
    server = estate.database_host("ledger-test/prod/db1")
    assert server.sql is not None
    ops = {"user": server.sql.user, "password": Path(server.sql.password.name).read_text()}
    with closing(sql(server, ops, "master")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sys.databases WHERE recovery_model_desc = 'FULL' ORDER BY name")
        found = [row[0] for row in cursor.fetchall()]
    centers = [p.data_center for p in estate.places.values() if p.data_center]
    assert sorted(c.database for c in centers) == found
    assert {(p.data_center.name, p.environment.name) for p in estate.places.values() if p.data_center} >= {
        ("ledger1", "prod"),
        ("trial1", "prod"),
        ("ledger1", "test"),
    }
    for center in centers:
        assert center.script_login is not None
        login = {"user": center.script_login.user, "password": Path(center.script_login.password.name).read_text()}
        with closing(sql(server, login, center.database)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM T_SAL_ORDER WHERE FNOTE LIKE N'%分批交货%'")
            assert cursor.fetchall()[0][0] >= 100
        other = next(c.database for c in centers if c is not center)
        with pytest.raises(pymssql.OperationalError, match=r"4060|18456"):
            sql(server, login, other)


def sql(server: DatabaseHost, login: dict[str, str], database: str) -> Any:
    return pymssql.connect(
        server=server.address, port=server.port, database=database, autocommit=True, encryption="require", **login
    )


def test_a_lab_that_is_started_again_keeps_its_databases_and_gives_new_passwords(tmp_path: Path) -> None:
    spec = LabSpec(hosts=1, shared=False, restart_s=0.05)
    first = LabEstate.start(tmp_path, spec)
    first.stop()
    password = (tmp_path / "secrets" / "db1-ops").read_text()
    again = LabEstate.start(tmp_path, spec)
    try:
        server = load(again.estate_file).estate.database_host("ledger-test/prod/db1")
        assert (tmp_path / "secrets" / "db1-ops").read_text() != password
        login = {"user": "yunwei_ops", "password": (tmp_path / "secrets" / "db1-ops").read_text()}
        with closing(sql(server, login, "yunwei")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM dbo.attempt")
            assert cursor.fetchall() == [(0,)]
    finally:
        again.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(lab: subprocess.Popen[str], number: signal.Signals) -> None:
    ready(lab)
    lab.send_signal(number)
    assert lab.wait(DEADLINE_S) == 0
    assert lab.stderr
    assert lab.stderr.read() == ""


def test_it_ends_when_its_parent_is_gone(lab: subprocess.Popen[str]) -> None:
    ready(lab)
    assert lab.stdin
    lab.stdin.close()
    lab.stdin = None
    assert lab.wait(DEADLINE_S) == 0


def test_a_lab_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for arguments, word in (
        (["--folder", str(tmp_path / "file")], "file"),
        (["--folder", str(tmp_path), "--hosts", "0"], "hosts"),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "lab", "up", *arguments],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith("lab: ")
        assert word in ended.stderr
