"""Where: tenant → environment → data center, and the hosts an environment runs on. A place knows its parent."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.errors import NotFound
from domain.secret import SecretRef
from domain.text import Text


class Standing(StrEnum):
    """A tenant's standing with the provider."""

    FORMAL = "formal"
    TRIAL = "trial"
    CLOSED = "closed"


class Kind(StrEnum):
    """What an environment is for."""

    PRODUCTION = "production"
    TEST = "test"


@dataclass(frozen=True, kw_only=True)
class WinRM:
    """How to sign in on a host over WinRM. Basic is for TLS only; certificates are checked unless `verify` is false."""

    port: int
    transport: str  # ntlm | basic
    tls: bool
    user: str
    password: SecretRef
    ca_file: str | None = None
    verify: bool = True


@dataclass(frozen=True, kw_only=True)
class Host:
    """A Windows server. `path` is `tenant/environment/host`; `site_port` is where its own web site listens."""

    name: str
    path: str
    address: str
    site_port: int
    winrm: WinRM


@dataclass(frozen=True, kw_only=True)
class DatabaseHost:
    """The environment's database server, as its app servers reach it."""

    name: str
    address: str
    port: int = 1433


@dataclass(frozen=True, kw_only=True)
class Restart:
    """How IIS is restarted here: `iisreset` as a whole, or stop and start of the named pools."""

    mode: str = "iisreset"  # iisreset | pools
    timeout: timedelta = timedelta(seconds=60)
    pools: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Site:
    """How the web site proves that it is up: `path` must answer one of `statuses` twice within `budget`."""

    path: str = "/"
    host_header: str = ""
    statuses: tuple[int, ...] = (200, 302)
    budget: timedelta = timedelta(seconds=120)


@dataclass(frozen=True, kw_only=True)
class LoadBalancer:
    """The file whose absence takes a node out of the load balancer, and how long connections need to fall."""

    file: str
    settle: timedelta


@dataclass(frozen=True, kw_only=True)
class DataCenter:
    """One SQL Server database of an environment (数据中心 / 账套)."""

    name: str
    path: str
    title: str
    database: str


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A tenant's production or test system."""

    name: str
    path: str
    title: str
    kind: Kind
    entitlements: frozenset[str]
    app_hosts: tuple[Host, ...]
    restart: Restart = Restart()
    site: Site = Site()
    load_balancer: LoadBalancer | None = None
    database_host: DatabaseHost | None = None
    data_centers: tuple[DataCenter, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """An enterprise (租户). Its days and windows are those of its own `zone`; `expires` is the last day paid for.

    `traffic_gb` and `storage_gb` are what it has bought in all (1 GB is 1024³ bytes); None: no limit is set.
    """

    name: str
    title: str
    zone: ZoneInfo
    standing: Standing
    expires: date | None
    environments: tuple[Environment, ...]
    traffic_gb: int | None = None
    storage_gb: int | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a request names: an environment, or one data center of it."""

    tenant: Tenant
    environment: Environment
    data_center: DataCenter | None = None

    @property
    def path(self) -> str:
        return self.data_center.path if self.data_center else self.environment.path

    @property
    def title(self) -> str:
        names = [self.tenant.title, self.environment.title, *([self.data_center.title] if self.data_center else [])]
        return " / ".join(names)


@dataclass(frozen=True, kw_only=True)
class Estate:
    """All places, found by path."""

    tenants: tuple[Tenant, ...]
    places: dict[str, Place] = field(init=False, repr=False, compare=False)
    hosts: dict[str, Host] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {p.path: p for t in self.tenants for p in _places(t)})
        hosts = {h.path: h for t in self.tenants for e in t.environments for h in e.app_hosts}
        object.__setattr__(self, "hosts", hosts)

    def place(self, path: str) -> Place:
        """The place at `tenant/environment[/datacenter]`. Raises NotFound."""
        if path not in self.places:
            zh, en = f"没有这个位置：{path!r}", f"There is no such place: {path!r}"
            raise NotFound(Text(zh, en), place=path)
        return self.places[path]

    def host(self, path: str) -> Host:
        """The host at `tenant/environment/host`. Raises NotFound."""
        if path not in self.hosts:
            raise NotFound(Text(f"没有这台主机：{path!r}", f"There is no such host: {path!r}"), host=path)
        return self.hosts[path]


def _places(tenant: Tenant) -> list[Place]:
    rooms = [Place(tenant=tenant, environment=e) for e in tenant.environments]
    data = [Place(tenant=tenant, environment=e, data_center=d) for e in tenant.environments for d in e.data_centers]
    return rooms + data
