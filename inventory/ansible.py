"""The estate as Ansible's inventory data, for one run. It holds no secrets and no references to them."""

from collections.abc import Iterator
from typing import Any

from domain.places import Environment, Estate, Host, Kind, Tenant


def ansible_inventory(estate: Estate) -> dict[str, Any]:
    """What an inventory program prints for `--list`: groups by tenant, environment and kind, and `_meta.hostvars`.

    Hosts are named `host.environment.tenant`. Groups are `tenant_T`, `environment_T__E` and `kind_K`, with `_` for `-`.
    """
    rooms = list(_rooms(estate))
    tops = _tenant_groups(estate) | _kind_groups(rooms)
    return {
        "_meta": {"hostvars": {_host_name(h): _host_vars(h, t, e) for t, e in rooms for h in e.app_hosts}},
        "all": {"children": [*sorted(tops), "ungrouped"]},
        **tops,
        **{_group(e): {"hosts": [_host_name(h) for h in e.app_hosts]} for _, e in rooms},
    }


def _rooms(estate: Estate) -> Iterator[tuple[Tenant, Environment]]:
    return ((t, e) for t in estate.tenants for e in t.environments)


def _tenant_groups(estate: Estate) -> dict[str, Any]:
    return {f"tenant_{_word(t.name)}": {"children": [_group(e) for e in t.environments]} for t in estate.tenants}


def _kind_groups(rooms: list[tuple[Tenant, Environment]]) -> dict[str, Any]:
    return {f"kind_{kind}": {"children": [_group(e) for _, e in rooms if e.kind is kind]} for kind in Kind}


def _group(environment: Environment) -> str:
    """Names hold no two hyphens in a row, so `__` stands for the slash alone."""
    return "environment_" + "__".join(_word(part) for part in environment.path.split("/"))


def _word(name: str) -> str:
    return name.replace("-", "_")


def _host_name(host: Host) -> str:
    return ".".join(reversed(host.path.split("/")))


def _host_vars(host: Host, tenant: Tenant, environment: Environment) -> dict[str, Any]:
    winrm = host.winrm
    trust = {"ansible_winrm_ca_trust_path": winrm.ca_file} if winrm.ca_file else {}
    return {
        "ansible_host": host.address,
        "ansible_port": winrm.port,
        "ansible_user": winrm.user,
        "ansible_connection": "winrm",
        "ansible_winrm_transport": winrm.transport,
        "ansible_winrm_scheme": "https" if winrm.tls else "http",
        "ansible_winrm_server_cert_validation": "validate" if winrm.verify else "ignore",
        **trust,
        "yunwei_host": host.path,
        "yunwei_tenant": tenant.name,
        "yunwei_environment": environment.path,
        "yunwei_kind": str(environment.kind),
        "yunwei_site_port": host.site_port,
    }
