"""Cards of data centers as plain data, for the API and `--json`."""

from typing import Any

from domain.catalog import Catalog
from domain.errors import NotFound
from domain.job import LABELS, State
from intake.data_centers import Card, Offer
from intake.view import of_place
from runner.store.rows import moment


def of_card(card: Card, catalog: Catalog) -> dict[str, Any]:
    """What is known of a data center."""
    seen = card.seen
    facts = seen.facts if seen else {}
    return {
        **of_place(card.place),
        "state": facts.get("state"),
        "access": facts.get("access"),
        "bytes": facts.get("bytes"),
        "version": facts.get("version"),
        "edition": facts.get("edition"),
        "seen_at": seen.at.isoformat() if seen else None,
        "trouble": seen.trouble.as_dict() if seen and seen.trouble else None,
        "last_backup": _backup(card),
        "proven_at": card.proven_at.isoformat() if card.proven_at else None,
        "work": [_work(row, catalog) for row in card.work],
    }


def of_offer(offer: Offer) -> dict[str, Any]:
    """One button: greyed with the reason when it is not allowed."""
    return {
        "operation": offer.operation.name,
        "title": offer.operation.title.as_dict(),
        "allowed": offer.allowed,
        "why": offer.why.as_dict() if offer.why else None,
        "until": offer.until.isoformat() if offer.until else None,
    }


def _backup(card: Card) -> dict[str, Any] | None:
    row = card.backup
    if row is None:
        return None
    return {"id": row["id"], "name": row["name"], "size": row["size"], "at": moment(row["added_at"]).isoformat()}


def _work(row: Any, catalog: Catalog) -> dict[str, Any]:
    state = State(row["state"])
    try:
        traits, title = catalog.get(row["operation"]).traits, catalog.get(row["operation"]).title.as_dict()
        label = traits.words.get(state.value, LABELS[state])
    except NotFound:
        title, label = {"zh": row["operation"], "en": row["operation"]}, LABELS[state]
    return {
        "number": row["number"],
        "operation": {"name": row["operation"], "title": title},
        "state": {"name": state.value, "label": label.as_dict()},
        "percent": row["percent"],
        "planned_at": moment(row["planned_at"]).isoformat(),
    }
