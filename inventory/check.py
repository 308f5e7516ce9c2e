"""A document against the schema: places and rulebook, or every mistake at once, each with its path and line."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from domain.errors import Fault, Mistake
from domain.places import DatabaseHost
from domain.text import Text
from inventory.document import Document
from inventory.schema import ESTATE, EstateFile
from inventory.spot import Spot

MAX_FAULTS: Final = 1000


def check(document: Document, folder: Path, name: str) -> EstateFile:
    """What the file says. `folder` is what its relative file names start from. Raises Mistake with all faults."""
    faults = list(document.faults)
    if not document.lines:
        raise _mistake(name, faults)
    found: EstateFile = ESTATE(Spot(path="", folder=folder, faults=faults), document.value)
    faults += _unknown_tenants(document.value) + _shared_databases(document.value)
    if faults:
        raise _mistake(name, [_located(f, document) for f in faults])
    return found


def _unknown_tenants(value: object) -> list[Fault]:
    """Freezes that name nobody would silently freeze nothing. Reads the raw values, beside whatever else is wrong."""
    tenants = _items(value, "tenants")
    known = {t["name"] for t in tenants if isinstance(t, dict) and isinstance(t.get("name"), str)}
    freezes = _items(value.get("policies") if isinstance(value, dict) else None, "freezes")
    text = Text("没有这个租户", "there is no such tenant in this file")
    return [
        Fault(f"policies.freezes[{i}].tenants[{j}]", text)
        for i, freeze in enumerate(freezes)
        for j, tenant in enumerate(_items(freeze, "tenants"))
        if isinstance(tenant, str) and tenant not in known
    ]


def _shared_databases(value: object) -> list[Fault]:
    """Two data centers on one database would let two jobs at it at once: each is a place with a lock of its own."""
    first: dict[tuple[str, str, str], str] = {}
    faults = []
    for path, server, database in _databases(value):
        twin = first.setdefault((*server, database), path)
        if twin.rpartition(".data_centers")[0] != path.rpartition(".data_centers")[0]:  # beside it, the list says so
            text = Text(
                f"与 {twin} 是同一台服务器上的同一个数据库", f"is the same database of the same server as {twin}"
            )
            faults.append(Fault(path, text, "duplicate"))
    return faults


def _databases(value: object) -> Iterator[tuple[str, tuple[str, str], str]]:
    """Path, server and name of every database whose server is known."""
    for i, tenant in enumerate(_items(value, "tenants")):
        for j, environment in enumerate(_items(tenant, "environments")):
            server = environment.get("database_host") if isinstance(environment, dict) else None
            if not isinstance(server, dict) or not isinstance(server.get("address"), str):
                continue
            at = (server["address"].casefold(), str(server.get("port", DatabaseHost.port)))
            for k, center in enumerate(_items(environment, "data_centers")):
                if isinstance(center, dict) and isinstance(center.get("database"), str):
                    path = f"tenants[{i}].environments[{j}].data_centers[{k}].database"
                    yield path, at, center["database"].casefold()


def _items(value: object, key: str) -> list[object]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _located(fault: Fault, document: Document) -> Fault:
    return replace(fault, facts={"line": document.line(fault.path), **fault.facts})


def _mistake(name: str, faults: list[Fault]) -> Mistake:
    count, some = len(faults), "" if len(faults) <= MAX_FAULTS else f" (the first {MAX_FAULTS} are listed)"
    noun = "mistake" if count == 1 else "mistakes"
    text = Text(f"资产文件 {name} 有 {count} 处错误", f"The estate file {name} has {count} {noun}{some}")
    ordered = sorted(faults, key=lambda f: int(str(f.facts["line"])))
    return Mistake(text, faults=tuple(ordered[:MAX_FAULTS]), file=name)
