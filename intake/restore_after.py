"""A restore that was asked for with an upload: submitted in the transaction in which the upload is taken (DC-7)."""

from typing import Any, Final

from domain.decision import Refused
from domain.errors import Denied, Mistake
from domain.event import Event, Kind
from domain.keeping import ArtifactKind, Record
from intake.desk import Desk
from intake.people import actor_named
from intake.submit import submit_within
from runner.store.tx import Tx

OPERATIONS: Final = {ArtifactKind.UPLOAD: "restore", ArtifactKind.BACPAC: "bacpac-import"}


def restore_after(desk: Desk, tx: Tx, record: Record) -> int | None:
    """The number of the request, in the first admissible slot. None: it was refused, and an alarm says why.

    Whoever uploaded asks: with today's roles, under the restore's own policies.
    """
    wish: dict[str, Any] = {
        "operation": OPERATIONS[ArtifactKind(record.kind)],
        "place": record.place,
        "params": {"artifact": record.id},
        "confirm": True,
        "description": f"上传后恢复：{record.name} / restore after the upload",
    }
    try:
        return submit_within(desk, tx, actor_named(desk, record.added_by), wish, f"upload-{record.id}").number
    except (Refused, Denied, Mistake) as trouble:  # who asks may be disabled by now
        facts = {"why": "restore-after-upload", "id": record.id, "place": record.place, "text": trouble.text.as_dict()}
        told = [f.text.as_dict() for f in trouble.faults] if isinstance(trouble, Mistake) else []
        tx.append(Event(kind=Kind.ALARM, at=tx.now(), tenant=record.tenant, facts={**facts, "faults": told}))
        return None
