"""How an artifact looks outside: one shape for the API and the command line."""

from typing import Any

from domain.keeping import ARTIFACT_LABELS, KEEPING_LABELS, Record
from domain.text import Text
from intake.links import Link


def of_artifact(record: Record) -> dict[str, Any]:
    """What is known of it. `facts` of an upload: what was recognised, remarks, and why it was refused."""
    label = ARTIFACT_LABELS.get(record.kind, Text(record.kind, record.kind))
    return {
        "id": record.id,
        "tenant": record.tenant,
        "kind": {"name": record.kind, "label": label.as_dict()},
        "state": {"name": record.state.value, "label": KEEPING_LABELS[record.state].as_dict()},
        "place": record.place,
        "name": record.name,
        "description": record.description,
        "size": record.size,
        "sha256": record.sha256,
        "facts": dict(record.facts),
        "job": record.job,
        "added_by": record.added_by,
        "added_at": record.added_at.isoformat(),
        "expires_at": record.expires_at.isoformat() if record.expires_at else None,
    }


def of_link(link: Link, portal: str = "") -> dict[str, Any]:
    """`url` is whole where the artifact store made it, or where the portal's address is known."""
    url = portal.rstrip("/") + link.address if link.own else link.address
    return {"artifact": link.record.id, "url": url, "expires_at": link.expires_at.isoformat()}
