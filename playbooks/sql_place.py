"""Where the SQL operations work: a data center's database on its environment's server, and what may be missing."""

from collections.abc import Iterator
from typing import Final

from domain.errors import Fault
from domain.places import DatabaseHost, DataCenter, Place
from domain.text import Text

ARTIFACT_ID: Final = r"([0-9a-f]{16})?"  # as runner/artifacts.py makes them; empty: none is named


def server(place: Place) -> DatabaseHost:
    """The environment's database server. `faults` has said beforehand if there is none."""
    host = place.environment.database_host
    if host is None or host.sql is None:
        raise ValueError(f"{place.path} has no database server that is reached over TDS")
    return host


def data_center(place: Place) -> DataCenter:
    if place.data_center is None:
        raise ValueError(f"{place.path} is no data center")
    return place.data_center


def strangers(place: Place) -> list[str]:
    """The script logins of other data centers on that server: a restored database must not let them in."""
    here, own = _address(place.environment.database_host), data_center(place)
    others = (d for e in place.tenant.environments if _address(e.database_host) == here for d in e.data_centers)
    return sorted(d.script_login.user for d in others if d.script_login and d.path != own.path)


def _address(host: DatabaseHost | None) -> tuple[str, int] | None:
    """One server may be the database host of several environments, under a path in each."""
    return (host.address.lower(), host.port) if host else None


def newest_backup(place: Place) -> str:
    """Stands for the newest backup of a place where an artifact is named: looked up when it is fetched."""
    return f"newest:{place.path}"


def sibling(place: Place, path: str) -> Place | None:
    """Another data center of the same tenant. None: there is none, or it is this one."""
    for environment in place.tenant.environments:
        for center in environment.data_centers:
            if center.path == path and path != place.path:
                return Place(tenant=place.tenant, environment=environment, data_center=center)
    return None


def no_server(place: Place, field: str = "place") -> Iterator[Fault]:
    """The fault of an environment that is not set up for SQL operations."""
    host = place.environment.database_host
    if host is None or host.sql is None:
        zh = f"{place.environment.path} 未配置数据库服务器的 sql；请服务商在资源文件中补充"
        en = f"{place.environment.path} has no database_host.sql in the estate file: the provider has to add it"
        yield Fault(field, Text(zh, en), "not-configured")


def no_programs(place: Place, field: str = "place") -> Iterator[Fault]:
    """The fault of an environment on whose database server no program of ours can run."""
    host = place.environment.database_host
    if host is not None and host.winrm is None:
        zh = f"{place.environment.path} 未配置数据库服务器的 winrm；请服务商在资源文件中补充"
        en = f"{place.environment.path} has no database_host.winrm in the estate file: the provider has to add it"
        yield Fault(field, Text(zh, en), "not-configured")


def no_script_login(place: Place) -> Iterator[Fault]:
    if place.data_center and place.data_center.script_login is None:
        zh = f"{place.path} 未配置 script_login；请服务商在资源文件中补充"
        en = f"{place.path} has no script_login in the estate file: the provider has to add it"
        yield Fault("place", Text(zh, en), "not-configured")
