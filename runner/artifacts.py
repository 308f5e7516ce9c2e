"""Artifacts on record: what a job made becomes a row in the transaction that ends its step."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from domain.artifact import ArtifactKey
from domain.errors import NotFound
from domain.event import Kind
from domain.job import Job
from domain.text import Text
from runner import names
from runner.store.reading import Reading
from runner.store.rows import dumps
from runner.store.tx import Tx

ID_LETTERS: Final = 16
NAME: Final = "name"  # of a data center that was renamed: no artifact, but made by a step as well


def artifact_id(key: str) -> str:
    """The id of the artifact under that key: always the same, so that recording it again changes nothing."""
    return hashlib.sha256(key.encode()).hexdigest()[:ID_LETTERS]


def key_of(reading: Reading, named: str) -> ArtifactKey:
    """The key of the artifact with that id, or of the newest backup of a place (`newest:PLACE`). Raises NotFound."""
    kind, _, place = named.partition(":")
    newest = {"tenant": place.split("/")[0], "kind": "backup", "place": place}
    row = reading.row("newest_artifact", **newest) if place else reading.row("artifact", id=kind)
    if row is None or row["state"] != "ready":
        zh = f"{place} 没有可用的备份" if place else f"没有可用的文件 {named}"
        en = f"There is no backup of {place} that can be used" if place else f"There is no file {named} to be used"
        raise NotFound(Text(zh, en), artifact=named, started=False)
    return ArtifactKey.parse(row["key"])


def record(tx: Tx, job: Job, made: Mapping[str, Any]) -> None:
    """Put it on record, once. `made`: kind, key, name, description, size, sha256, facts; `place` if not the job's."""
    if made["kind"] == NAME:
        names.record(tx, job, made)
        return
    row = {
        "id": artifact_id(made["key"]),
        "tenant": job.tenant,
        "kind": made["kind"],
        "key": made["key"],
        "place": made.get("place", job.place),  # a restore may back up where it copies from, too
        "name": made["name"],
        "description": made.get("description", ""),
        "size": made["size"],
        "sha256": made["sha256"],
        "state": "ready",
        "facts": dumps(made.get("facts", {})),
        "job": job.number,
        "added_by": job.asked_by,
        "added_at": tx.now(),
    }
    if tx.moved("insert_artifact", **row) == 1:
        told = {k: row[k] for k in ("id", "name", "size", "sha256")}
        tx.tell(job, Kind.STORED, what=row["kind"], **told)
