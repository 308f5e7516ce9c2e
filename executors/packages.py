"""A package in an exchange folder, judged by its own bytes before a server or the artifact store sees it."""

from pathlib import Path
from typing import Any, Final

from domain.errors import Fault
from media.bacpac import Package
from media.judgement import refusals_of_import
from media.recognition import Recognition, recognise_package
from media.sniff import Kind

FORMATS: Final = {Kind.BACPAC: "bacpac", Kind.DACPAC: "dacpac"}
MOST_WORDS: Final = 300  # characters of a text that stands in the package


def inspected(path: Path, *, loads: bool) -> dict[str, Any]:
    """What it is, and everything that speaks against it. `format` is None for one that is refused.

    `loads`: it is to be loaded into a server, so that nothing in it may run there.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        found = recognise_package(file, size=size)
    refusals = list(found.refusals)
    if found.package and loads:
        refusals += refusals_of_import(found.package)
    told = _told(found.package) if found.package else {}
    kept = {"size": size, "refusals": [_plain(f) for f in refusals], "remarks": [r.as_dict() for r in found.remarks]}
    return {"format": _format(found, refusals), "called": found.called.as_dict(), **kept, **told}


def _format(found: Recognition, refusals: list[Fault]) -> str | None:
    return None if refusals else FORMATS.get(found.kind)


def _plain(fault: Fault) -> dict[str, str]:
    return {"code": fault.code, **fault.text.as_dict()}


def _told(package: Package) -> dict[str, Any]:
    words = {
        "database": package.name,
        "software": package.server_version,
        "made_by": package.product_version,
        "started": package.started,
        "finished": package.finished,
        "model_sha256": package.model_sha256,
    }
    numbers = {"rows": package.rows, "tables": package.tables_with_data, "platform": package.model.platform}
    return {**{k: v[:MOST_WORDS] for k, v in words.items() if v}, **numbers}
