"""The places' half of the estate file's format, as data: a new key is one row."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.places import (
    DatabaseHost,
    DataCenter,
    Environment,
    Exchange,
    Host,
    Kind,
    LoadBalancer,
    Restart,
    Site,
    SqlLogin,
    SqlServer,
    Standing,
    Tenant,
    WinRM,
)
from domain.text import Text
from inventory.record import Key, Listing, Record, Rule
from inventory.times import day, duration, zone
from inventory.words import (
    address,
    file_name,
    flag,
    folder_there,
    host_header,
    member,
    name,
    one_of,
    secret,
    text,
    web_path,
    whole,
    windows_file,
)

_NONE, _SECOND, _HOUR = timedelta(0), timedelta(seconds=1), timedelta(hours=1)
_PORT = whole(1, 65535)


def _host(**read: Any) -> Host:
    return Host(path=read["name"], **read)


def _database_host(**read: Any) -> DatabaseHost:
    return DatabaseHost(path=read["name"], **read)


def _data_center(**read: Any) -> DataCenter:
    return DataCenter(path=read["name"], **read)


def _environment(**read: Any) -> Environment:
    return _seated(Environment(path=read["name"], **read), read["name"])


def _tenant(**read: Any) -> Tenant:
    seated = tuple(_seated(replace(e, path=f"{read['name']}/{e.path}"), read["name"]) for e in read["environments"])
    return Tenant(**{**read, "environments": seated})


def _seated(environment: Environment, parent: str) -> Environment:
    """The environment with `parent` put before the paths of what is in it."""
    hosts = tuple(replace(h, path=f"{parent}/{h.path}") for h in environment.app_hosts)
    centers = tuple(replace(c, path=f"{parent}/{c.path}") for c in environment.data_centers)
    server = environment.database_host
    server = replace(server, path=f"{parent}/{server.path}") if server else None
    return replace(environment, app_hosts=hosts, data_centers=centers, database_host=server)


WINRM: Final = Record(
    of=WinRM,
    keys=(
        Key("port", _PORT),
        Key("transport", one_of("ntlm", "basic")),
        Key("tls", flag),
        Key("user", text(256)),
        Key("password", secret),
        Key("ca_file", file_name),
        Key("verify", flag),
    ),
    rules=(
        Rule(
            "tls",
            ("transport", "tls"),
            lambda transport, tls: tls or transport != "basic",
            Text(
                "basic 会明文发送密码：请设 tls: true，或改用 ntlm",
                "basic sends the password in clear: set tls to true, or use ntlm",
            ),
        ),
        Rule(
            "ca_file",
            ("ca_file", "tls"),
            lambda ca_file, tls: tls or ca_file is None,
            Text("没有 TLS 时 ca_file 不起作用：请设 tls: true", "ca_file does nothing without TLS: set tls to true"),
        ),
    ),
)

RESTART: Final = Record(
    of=Restart,
    keys=(
        Key("mode", one_of("iisreset", "pools")),
        Key("timeout", duration(_SECOND, _HOUR)),
        Key("pools", Listing(item=text(64), unique=((),))),
    ),
    rules=(
        Rule(
            "pools",
            ("mode", "pools"),
            lambda mode, pools: pools or mode != "pools",
            Text("mode 为 pools 时须列出应用程序池", "the mode pools needs at least one application pool"),
        ),
    ),
)

SITE: Final = Record(
    of=Site,
    keys=(
        Key("path", web_path),
        Key("host_header", host_header),
        Key("statuses", Listing(item=whole(100, 599), least=1, unique=((),))),
        Key("budget", duration(_SECOND, _HOUR)),
    ),
)

LOAD_BALANCER: Final = Record(of=LoadBalancer, keys=(Key("file", windows_file), Key("settle", duration(_NONE, _HOUR))))

EXCHANGE: Final = Record(of=Exchange, keys=(Key("there", folder_there), Key("here", file_name)))

SQL: Final = Record(
    of=SqlServer,
    keys=(
        Key("user", text(128)),
        Key("password", secret),
        Key("encryption", one_of("required", "optional")),
        Key("ca_file", file_name),
        Key("verify", flag),
        Key("exchange", EXCHANGE),
        Key("password_reset", file_name),
    ),
    rules=(
        Rule(
            "ca_file",
            ("ca_file", "encryption"),
            lambda ca_file, encryption: encryption == "required" or ca_file is None,
            Text(
                "encryption 为 optional 时不检查证书，ca_file 不起作用：请设 encryption: required",
                "with encryption: optional no certificate is checked, so ca_file does nothing: set it to required",
            ),
        ),
    ),
)

SCRIPT_LOGIN: Final = Record(of=SqlLogin, keys=(Key("user", text(128)), Key("password", secret)))

DATABASE_HOST: Final = Record(
    of=DatabaseHost,
    make=_database_host,
    keys=(
        Key("name", name),
        Key("address", address),
        Key("port", _PORT),
        Key("sql", SQL),
        Key("winrm", WINRM),
    ),
)

HOST: Final = Record(
    of=Host,
    make=_host,
    keys=(Key("name", name), Key("address", address), Key("site_port", _PORT), Key("winrm", WINRM)),
)

DATA_CENTER: Final = Record(
    of=DataCenter,
    make=_data_center,
    keys=(
        Key("name", name),
        Key("title", text()),
        Key("database", text(128)),
        Key("script_login", SCRIPT_LOGIN),
    ),
)

# Two names for one server, or for one database, would let two jobs at it at once.
ENVIRONMENT: Final = Record(
    of=Environment,
    make=_environment,
    keys=(
        Key("name", name),
        Key("title", text()),
        Key("kind", member(Kind)),
        Key("entitlements", Listing(item=name, into=frozenset, unique=((),)), default=frozenset()),
        Key("restart", RESTART),
        Key("site", SITE),
        Key("load_balancer", LOAD_BALANCER),
        Key("database_host", DATABASE_HOST),
        Key("app_hosts", Listing(item=HOST, least=1, unique=(("name",), ("address", "winrm.port")))),
        Key("data_centers", Listing(item=DATA_CENTER, unique=(("name",), ("database",)))),
    ),
    rules=(
        Rule(
            "database_host",
            ("database_host", "app_hosts"),
            lambda server, hosts: server is None or server.name not in {h.name for h in hosts},
            Text("名称与一台应用服务器相同", "has the name of an app server: their paths would be one"),
        ),
    ),
)

TENANT: Final = Record(
    of=Tenant,
    make=_tenant,
    keys=(
        Key("name", name),
        Key("title", text()),
        Key("zone", zone, default=ZoneInfo("Asia/Shanghai")),
        Key("standing", member(Standing)),
        Key("expires", day, default=None),
        Key("traffic_gb", whole(0, 1_000_000_000), default=None),
        Key("storage_gb", whole(0, 1_000_000_000), default=None),
        Key("environments", Listing(item=ENVIRONMENT, unique=(("name",),))),
    ),
)
