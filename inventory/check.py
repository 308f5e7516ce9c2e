"""A document against the schema: places and rulebook, or every mistake at once, each with its path and line."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from domain.errors import Fault, Mistake
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
    faults += _unknown_tenants(document.value)
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
