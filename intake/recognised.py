"""What was recognised in an uploaded file, as facts of its record: database, server, versions, dates."""

from datetime import datetime
from typing import Any, Final

from media.backup import Media
from media.bacpac import Package
from media.judgement import to_restore
from media.recognition import Recognition

MOST_FILES: Final = 100
MOST_WORDS: Final = 300  # characters of a text that stands in the file: whoever wrote it may have meant harm


def facts_of(found: Recognition) -> dict[str, Any]:
    """All that the file tells of itself; what it does not tell is left out. Times are the server's local ones."""
    about: dict[str, Any] = {
        "format": found.kind.value,
        "called": found.called.as_dict(),
        "remarks": [remark.as_dict() for remark in found.remarks],
        "ask": list(found.ask),
    }
    if found.media:
        about |= _of_media(found.media)
    if found.package:
        about |= _of_package(found.package)
    return {name: _plain(value) for name, value in about.items() if value is not None}


def _of_media(media: Media) -> dict[str, Any]:
    chosen = to_restore(media) or (media.sets[-1] if media.sets else None)
    if chosen is None:
        return {"sets": 0}
    told: dict[str, Any] = {"sets": len(media.sets), "set": chosen.number, "set_name": chosen.name}
    configuration = chosen.configuration
    if configuration is None:
        return told
    software = configuration.software
    names = ("database", "server", "database_version", "compatibility", "created", "started", "finished")
    return {
        **told,
        **{name: getattr(configuration, name) for name in names},
        "software": ".".join(map(str, software)) if software else None,
        "has_checksums": configuration.has_checksums,
        "files": [
            {"number": f.number, "name": f.logical, "path": f.physical, "size": f.size}
            for f in configuration.files[:MOST_FILES]
        ],
    }


def _of_package(package: Package) -> dict[str, Any]:
    return {
        "database": package.name,
        "software": package.server_version,
        "made_by": package.product_version,
        "started": package.started,
        "finished": package.finished,
        "rows": package.rows,
        "tables": package.tables_with_data,
        "platform": package.model.platform,
        "has_data": package.contains_exported_data,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return value[:MOST_WORDS]
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value
