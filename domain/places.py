"""Where: tenant → environment → data center, and the hosts an environment runs on. A place knows its parent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.errors import NotFound
from domain.secret import SecretRef
from domain.text import Text

Called = tuple[str, str]
"""What a data center is called: its title, and the name of its database."""
Renaming = tuple[Called, Called]
"""What it was called, and what it was called from then on."""


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
    """A Windows server at `tenant/environment/host`; `site_port` is where its own web site listens, 0 for none."""

    name: str
    path: str
    address: str
    site_port: int
    winrm: WinRM


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """The folder that SQL Server and yunwei both see: `there` as SQL Server names it, `here` as this machine does."""

    there: str
    here: str


@dataclass(frozen=True, kw_only=True)
class SqlLogin:
    """A login of SQL Server."""

    user: str
    password: SecretRef


@dataclass(frozen=True, kw_only=True)
class SqlServer:
    """How to sign in on SQL Server for backups, restores and names.

    With `required` all is encrypted and the certificate checked (unless `verify` is false); with `optional` the server
    decides, and its certificate is not looked at. `password_reset` is the provider's template that sets a user's
    password (docs/operating.md).
    """

    user: str
    password: SecretRef
    exchange: Exchange
    encryption: str = "required"  # required | optional
    ca_file: str | None = None
    verify: bool = True
    password_reset: str | None = None


@dataclass(frozen=True, kw_only=True)
class DatabaseHost:
    """The environment's database server, at `tenant/environment/name`. Without `sql` nothing is done over TDS.

    `winrm` is for the jobs that run on it as programs. `address` and `port` are those that its app servers use, too.
    """

    name: str
    path: str
    address: str
    port: int = 1433
    sql: SqlServer | None = None
    winrm: WinRM | None = None


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
    """One SQL Server database of an environment (数据中心 / 账套). Tenants' scripts run under its `script_login`."""

    name: str
    path: str
    title: str
    database: str
    script_login: SqlLogin | None = None


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
    database_hosts: dict[str, DatabaseHost] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rooms = [e for t in self.tenants for e in t.environments]
        servers = [e.database_host for e in rooms if e.database_host]
        hosts = [h for e in rooms for h in e.app_hosts] + [_host(s, s.winrm) for s in servers if s.winrm]
        object.__setattr__(self, "places", {p.path: p for t in self.tenants for p in _places(t)})
        object.__setattr__(self, "hosts", {h.path: h for h in hosts})
        object.__setattr__(self, "database_hosts", {s.path: s for s in servers})

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

    def database_host(self, path: str) -> DatabaseHost:
        """The database server at `tenant/environment/name`. Raises NotFound."""
        if path not in self.database_hosts:
            zh, en = f"没有这台数据库服务器：{path!r}", f"There is no such database server: {path!r}"
            raise NotFound(Text(zh, en), host=path)
        return self.database_hosts[path]

    def renamed(self, renamings: Mapping[str, Sequence[Renaming]]) -> "Estate":
        """The estate after data centers were renamed: by path, every renaming in order."""
        tenants = tuple(
            replace(t, environments=tuple(_renamed(e, renamings) for e in t.environments)) for t in self.tenants
        )
        return Estate(tenants=tenants)

    def script_login(self, path: str) -> SqlLogin:
        """The login under which the scripts of the data center at `path` run. Raises NotFound."""
        center = self.place(path).data_center
        if center is None or center.script_login is None:
            raise NotFound(Text(f"{path} 没有脚本登录名", f"{path} has no script login"), place=path)
        return center.script_login


def _renamed(environment: Environment, renamings: Mapping[str, Sequence[Renaming]]) -> Environment:
    centers = []
    for center in environment.data_centers:
        title, database = called((center.title, center.database), renamings.get(center.path, ()))
        centers.append(replace(center, title=title, database=database))
    return replace(environment, data_centers=tuple(centers))


def called(now: Called, renamings: Iterable[Renaming]) -> Called:
    """The title and the database that follow from `now`, each by itself: the file may follow one and not the other.

    A renaming of another name than the one at hand happened before it.
    """
    title, database = now
    for (was_title, was_database), (new_title, new_database) in renamings:
        title = new_title if was_title == title else title
        database = new_database if was_database == database else database
    return title, database


def _host(server: DatabaseHost, winrm: WinRM) -> Host:
    """A database server as the host that its programs run on."""
    return Host(name=server.name, path=server.path, address=server.address, site_port=0, winrm=winrm)


def _places(tenant: Tenant) -> list[Place]:
    rooms = [Place(tenant=tenant, environment=e) for e in tenant.environments]
    data = [Place(tenant=tenant, environment=e, data_center=d) for e in tenant.environments for d in e.data_centers]
    return rooms + data
