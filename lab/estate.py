"""An estate of emulated hosts on loopback, with its WinRM servers, its control port and its estate file."""

import itertools
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from lab.certificates import Authority
from lab.control import Control
from lab.database import NAME as DATABASE_SERVER
from lab.database import DatabaseServer, write_secret
from lab.host import Host, HostSpec, Ledger, Timing
from lab.host.spec import OsLang, StartMode
from lab.tds.prelogin import Mode
from lab.winrm import Tls, WinRMServer

MOST_HOSTS = 200
SITE_NAME = "erp.example.com"
LB_FILE = "C:\\lb\\ok.txt"
Wire = Literal["ntlm", "basic-tls", "ntlm-tls"]
Place = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class LabSpec:
    """How many of what. `environments` have dedicated VIP resources; `shared` adds one without, to be refused.

    `test` adds a test environment and a second data center to the first tenant. All data centers are on one emulated
    SQL Server; a backup or restore takes 100 × `sql_step_s`.
    """

    tenants: int = 1
    environments: int = 1
    hosts: int = 2
    shared: bool = True
    test: bool = True
    restart_s: float = 1.0
    reboot_s: float | None = None
    settle_s: int | None = None
    restart_mode: Literal["iisreset", "pools"] = "iisreset"
    os_langs: tuple[OsLang, ...] = ("zh-CN", "en-US")
    wires: tuple[Wire, ...] = ("ntlm", "basic-tls", "ntlm-tls")
    start_mode: StartMode = "OnDemand"
    idle_close_s: float = 120.0
    control_port: int = 0
    sql_encryption: Mode = "required"
    sql_step_s: float = 0.005

    def __post_init__(self) -> None:
        count = self.tenants * self.environments * self.hosts + int(self.shared) + int(self.test) + 1
        if min(self.tenants, self.environments, self.hosts) < 1 or count > MOST_HOSTS:
            raise ValueError(f"a lab has 1 to {MOST_HOSTS} hosts, and at least one of each place; asked for {count}")
        if not 0.01 <= self.restart_s <= 600:
            raise ValueError(f"restart_s must be 0.01 to 600 seconds, not {self.restart_s}")


class LabEstate:
    """A running lab. `start` makes it, `stop` ends it; `hosts` maps host names of the estate file to hosts."""

    def __init__(self, folder: Path, spec: LabSpec) -> None:
        self.folder = folder
        self.spec = spec
        self.hosts: dict[str, Host] = {}
        self.database: DatabaseServer | None = None
        self.ledger = Ledger(folder / "ledger.jsonl")
        self._servers: dict[str, WinRMServer] = {}
        self._authority = Authority.make()
        self._timing = _timing(spec)
        self.control: Control | None = None
        self._database_host: Place = {}

    @classmethod
    def start(cls, folder: Path, spec: LabSpec) -> "LabEstate":
        """Start everything and write `estate.yml`, `lab.json`, `ca.pem`, `secrets/*`. Raises OSError."""
        for path in (folder, folder / "secrets", folder / "keys"):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        estate = cls(folder, spec)
        try:
            estate._start()
        except BaseException:
            estate.stop()
            raise
        return estate

    @property
    def estate_file(self) -> Path:
        """The estate in the product's format."""
        return self.folder / "estate.yml"

    @property
    def control_port(self) -> int:
        """The TCP port of the control server."""
        if self.control is None:
            raise RuntimeError("the lab is not started")
        return self.control.port

    def stop(self) -> None:
        """Close every port and end every process of the emulation."""
        if self.control:
            self.control.stop()
        if self.database:
            self.database.stop()
        for server in self._servers.values():
            server.stop()
        for host in self.hosts.values():
            host.close()
        self.ledger.close()

    def as_json(self) -> dict[str, object]:
        """What `lab.json` says: the control port, each app server and each database server with its ports."""
        hosts = {
            name: {"site_port": host.site_port, "winrm_port": self._servers[name].port}
            for name, host in self.hosts.items()
            if name != DATABASE_SERVER
        }
        servers = {DATABASE_SERVER: {"sql_port": self._sql.port, "winrm_port": self._servers[DATABASE_SERVER].port}}
        estate = str(self.estate_file)
        return {"control_port": self.control_port, "estate": estate, "hosts": hosts, "database_hosts": servers}

    @property
    def _sql(self) -> DatabaseServer:
        if self.database is None:
            raise RuntimeError("the lab is not started")
        return self.database

    def _start(self) -> None:
        self._authority.write(self.folder / "ca.pem")
        self._start_database()
        numbers = itertools.count(1)
        tenants = [self._tenant(number, numbers) for number in range(1, self.spec.tenants + 1)]
        self.control = Control(self.hosts, self.ledger, self._sql, self.spec.control_port)
        self.control.start()
        text = yaml.safe_dump({"estate": 1, "tenants": tenants}, allow_unicode=True, sort_keys=False)
        self.estate_file.write_text(text, encoding="utf-8")
        (self.folder / "lab.json").write_text(json.dumps(self.as_json(), indent=1), encoding="utf-8")

    def _start_database(self) -> None:
        """One server for all environments, as a provider has it: SQL Server, and the Windows host below it."""
        self.database = DatabaseServer(
            self.folder,
            self._authority,
            encryption=self.spec.sql_encryption,
            language="zh" if self.spec.os_langs[0] == "zh-CN" else "en",
            step_s=self.spec.sql_step_s,
        )
        self.database.start()
        host = self._host(DATABASE_SERVER, 0, "ntlm-tls")
        self.hosts[DATABASE_SERVER].sql = self.database.engine
        host.pop("site_port")
        self._database_host = {**host, "port": self.database.port, "sql": self.database.sql()}

    def _tenant(self, number: int, numbers: Iterator[int]) -> Place:
        first = number == 1
        names = ["prod" if each == 1 else f"prod-{each}" for each in range(1, self.spec.environments + 1)]
        environments = [self._environment(name, self._hosts(self.spec.hosts, numbers), vip=True) for name in names]
        if first and self.spec.test:
            environments[0]["data_centers"] += [self._sql.data_center("trial1", "演练账套")]
        if first and self.spec.shared:
            environments.append(self._environment("shared", self._hosts(1, numbers), vip=False))
        if first and self.spec.test:
            room = self._environment("test", [self._host("test1", 1, "ntlm")], vip=False)
            environments.append(room | {"title": "测试环境", "kind": "test"})
        return {
            "name": "ledger-test" if first else f"tenant-{number}",
            "title": "账套测试" if first else f"租户 {number}",
            "zone": "Asia/Shanghai",
            "standing": "formal",
            "expires": "2099-12-31",
            "environments": environments,
        }

    def _hosts(self, count: int, numbers: Iterator[int]) -> list[Place]:
        drawn = [next(numbers) for _ in range(count)]
        return [self._host(f"app{n}", n, self.spec.wires[(n - 1) % len(self.spec.wires)]) for n in drawn]

    def _environment(self, name: str, hosts: list[Place], *, vip: bool) -> dict[str, Any]:
        settle_s = self.spec.settle_s if self.spec.settle_s is not None else int(self.spec.restart_s >= 0.5)
        return {
            "name": name,
            "title": "正式环境" if vip else "共享环境",
            "kind": "production",
            "entitlements": ["dedicated-vip"] if vip else [],
            "restart": {"mode": self.spec.restart_mode, "timeout": "PT60S", "pools": ["K3Cloud"]},
            "site": {"path": "/K3Cloud/", "host_header": SITE_NAME, "statuses": [200, 302], "budget": "PT120S"},
            "load_balancer": {"file": LB_FILE, "settle": f"PT{settle_s}S"},
            "database_host": deepcopy(self._database_host),  # an estate file has no aliases
            "app_hosts": hosts,
            "data_centers": [self._sql.data_center("ledger1", "测试账套")],
        }

    def _host(self, name: str, number: int, wire: Wire) -> Place:
        password = write_secret(self.folder / "secrets" / name)
        spec = HostSpec(
            name=name.upper(),
            accounts={"yunwei": password, "LAB\\yunwei": password},
            os_lang=self.spec.os_langs[(number - 1) % len(self.spec.os_langs)],
            timing=self._timing,
            start_mode=self.spec.start_mode,
            host_header=SITE_NAME,
            files={LB_FILE: b"ok\r\n"},
        )
        host = self.hosts[name] = Host(spec, self.ledger)
        server = self._servers[name] = self._server(name, host, wire)
        server.start()
        host.on_reboot.append(server.power_off)
        winrm = {"port": server.port, "transport": wire.split("-")[0], "tls": wire != "ntlm"}
        ca = {"ca_file": "ca.pem"} if wire != "ntlm" else {}
        user = "yunwei" if wire == "basic-tls" else "LAB\\yunwei"
        winrm |= {**ca, "user": user, "password": f"file:secrets/{name}"}
        return {"name": name, "address": "127.0.0.1", "site_port": host.site_port, "winrm": winrm}

    def _server(self, name: str, host: Host, wire: Wire) -> WinRMServer:
        if wire == "ntlm":
            return WinRMServer(host, allow_basic=False, idle_close_s=self.spec.idle_close_s)
        tls = Tls(cert_file=self.folder / "keys" / f"{name}.pem", key_file=self.folder / "keys" / f"{name}.key")
        self._authority.issue(name, tls.cert_file, tls.key_file)
        return WinRMServer(host, tls=tls, allow_basic=wire == "basic-tls", idle_close_s=self.spec.idle_close_s)


def _timing(spec: LabSpec) -> Timing:
    timing = Timing.of_restart(spec.restart_s)
    return timing if spec.reboot_s is None else Timing(**{**vars(timing), "reboot_s": spec.reboot_s})
