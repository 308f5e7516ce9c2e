"""How letters and their scans look outside: one shape for the API and the command line."""

from datetime import datetime
from typing import Any

from domain.letter import KIND_LABELS, STATE_LABELS, Letter
from intake.letter_scan import LetterScan


def of_letter(letter: Letter) -> dict[str, Any]:
    """A letter, as it was read for this moment."""
    return {
        "number": letter.number,
        "rev": letter.rev,
        "tenant": letter.tenant,
        "kind": {"name": letter.kind.value, "label": KIND_LABELS[letter.kind].as_dict()},
        "state": {"name": letter.state.value, "label": STATE_LABELS[letter.state].as_dict()},
        "reason": letter.reason,
        "last_day": letter.last_day.isoformat(),
        "ends_at": letter.ends_at.isoformat(),
        "asked_by": letter.asked_by,
        "asked_at": letter.asked_at.isoformat(),
        "scanned_at": _iso(letter.scanned_at),
        "review_due_at": _iso(letter.review_due_at),
        "decided_by": letter.decided_by,
        "decided_at": _iso(letter.decided_at),
        "opinion": letter.opinion,
        "ended_at": _iso(letter.ended_at),
        "ended_why": letter.ended_why,
        "replaced_by": letter.replaced_by,
    }


def of_scan(scan: LetterScan) -> dict[str, Any]:
    """What is known of a scan, without its content."""
    return {
        "id": scan.id,
        "letter": scan.letter,
        "name": scan.name,
        "media_type": scan.media_type,
        "size": scan.size,
        "sha256": scan.sha256,
        "added_by": scan.added_by,
        "added_at": scan.added_at.isoformat(),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
