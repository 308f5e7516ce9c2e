"""A .bacpac or .dacpac: a package of DacFx, opened only as far as it has proved to be safe."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from media.archive import Entry, inflate
from media.model import Model, read_model
from media.window import Window
from media.xmlparts import BadXml, leaves

NEEDED = ("[Content_Types].xml", "DacMetadata.xml", "Origin.xml", "model.xml")
SCRIPTS = ("predeploy.sql", "postdeploy.sql")
MOST_OF_PART = 16 * 1024 * 1024  # of the small parts; the model may be as large as the archive's limits let it


@dataclass(frozen=True, kw_only=True)
class Package:
    """What the package tells about itself. None: it does not say."""

    contains_exported_data: bool | None
    name: str | None
    application_version: str | None
    package_version: str | None
    product_name: str | None
    product_version: str | None
    server_version: str | None
    started: str | None
    finished: str | None
    database_kb: int | None
    rows: int | None
    checksum: str | None
    model_sha256: str
    model: Model
    entries: int
    inflated: int
    tables_with_data: int
    data_files: int
    data_bytes: int
    scripts: tuple[str, ...]  # parts that run when a package is published

    @property
    def is_bacpac(self) -> bool:
        """DacFx tells the two apart by the origin, not by the extension."""
        return bool(self.contains_exported_data)

    @property
    def checksum_holds(self) -> bool | None:
        return None if self.checksum is None else self.checksum.casefold() == self.model_sha256


def is_package(entries: tuple[Entry, ...]) -> bool:
    """Does it at least look like a package of DacFx, or is it some other zip?"""
    return bool({e.name for e in entries} & {"DacMetadata.xml", "Origin.xml", "model.xml"})


def missing_parts(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    names = {e.name for e in entries}
    return tuple(name for name in NEEDED if name not in names)


def read_package(window: Window, entries: tuple[Entry, ...]) -> Package:
    """Reads every byte of every entry once; raises `Unsafe` or `BadXml`. All of `NEEDED` must be there."""
    parts = {e.name: e for e in entries}
    leaves(_small(window, parts["[Content_Types].xml"]))
    metadata = leaves(_small(window, parts["DacMetadata.xml"]))
    origin = leaves(_small(window, parts["Origin.xml"]))
    digest = hashlib.sha256()
    model = read_model(_hashed(inflate(window, parts["model.xml"]), digest.update))
    # In the order of their bytes, which do not overlap: the directory's may lead a reader to and fro without end.
    for entry in sorted(entries, key=lambda e: e.offset):
        if entry.name not in NEEDED:
            for _ in inflate(window, entry):
                pass
    return _package(entries, metadata, origin, model, digest.hexdigest())


def _small(window: Window, entry: Entry) -> Iterator[bytes]:
    if entry.size > MOST_OF_PART:
        raise BadXml("xml-limits")
    yield from inflate(window, entry)


def _hashed(pieces: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for piece in pieces:
        update(piece)
        yield piece


def _package(
    entries: tuple[Entry, ...], metadata: dict[str, str], origin: dict[str, str], model: Model, digest: str
) -> Package:
    data = [e for e in entries if e.name.startswith("Data/") and not e.name.endswith("/")]
    exported = origin.get("PackageProperties/ContainsExportedData", "").casefold()
    return Package(
        contains_exported_data={"true": True, "false": False}.get(exported),
        name=metadata.get("Name"),
        application_version=metadata.get("Version"),
        package_version=origin.get("PackageProperties/Version"),
        product_name=origin.get("Operation/ProductName"),
        product_version=origin.get("Operation/ProductVersion"),
        server_version=origin.get("Server/ServerVersion"),
        started=origin.get("Operation/Start"),
        finished=origin.get("Operation/End"),
        database_kb=_number(origin.get("ExportStatistics/SourceDatabaseSize")),
        rows=_number(origin.get("ExportStatistics/TableRowCountTotalTag")),
        checksum=origin.get("Checksums/Checksum@/model.xml"),
        model_sha256=digest,
        model=model,
        entries=len(entries),
        inflated=sum(e.size for e in entries),
        tables_with_data=len({e.name.split("/")[1] for e in data}),
        data_files=len(data),
        data_bytes=sum(e.size for e in data),
        scripts=tuple(e.name for e in entries if e.name.casefold() in SCRIPTS and e.size),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
