"""Artifacts on record: what a job made becomes a row in the transaction that ends its step."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from domain.event import Kind
from domain.job import Job
from runner.store.rows import dumps
from runner.store.tx import Tx

ID_LETTERS: Final = 16


def artifact_id(key: str) -> str:
    """The id of the artifact under that key: always the same, so that recording it again changes nothing."""
    return hashlib.sha256(key.encode()).hexdigest()[:ID_LETTERS]


def record(tx: Tx, job: Job, made: Mapping[str, Any]) -> None:
    """Put it on record, once. `made`: kind, key, name, description, size, sha256, facts."""
    row = {
        "id": artifact_id(made["key"]),
        "tenant": job.tenant,
        "kind": made["kind"],
        "key": made["key"],
        "place": job.place,
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
        told = {k: row[k] for k in ("id", "kind", "name", "size", "sha256")}
        tx.tell(job, Kind.STORED, **told)
