"""The provider's word on a letter that is in review: approve or refuse it, each with the opinion."""

from collections.abc import Mapping
from typing import Any

from domain.errors import Fault
from domain.event import Kind
from domain.letter import Letter
from domain.request import Actor
from intake.approve import operators_only
from intake.desk import Desk
from intake.letters import MAX_REASON, get, open_letter, raise_if_any
from intake.parse import text_of, unknown_keys
from runner.letters import move, void_the_others
from runner.store.tx import Tx


def approve(desk: Desk, actor: Actor, number: int, rev: int, body: Mapping[str, Any]) -> Letter:
    """The letter authorizes from now on, and takes the place of the tenant's earlier one of its kind (LET-2).

    `rev` is the revision that the operator has seen. Raises Denied, Mistake, NotFound, Conflict.
    """
    opinion = _opinion(actor, body, required=False)
    seen = get(desk, actor, number)

    def write(tx: Tx) -> Letter:
        letter, others = open_letter(tx, seen, rev)
        letter.after(Kind.LETTER_APPROVED)  # before anything of the others is written
        void_the_others(tx, others, letter, actor.name)
        return _decide(tx, letter, Kind.LETTER_APPROVED, actor, opinion)

    return desk.store.write(write)


def refuse(desk: Desk, actor: Actor, number: int, rev: int, body: Mapping[str, Any]) -> Letter:
    """The letter will not be effective; the opinion says why. Raises Denied, Mistake, NotFound, Conflict."""
    opinion = _opinion(actor, body, required=True)
    seen = get(desk, actor, number)

    def write(tx: Tx) -> Letter:
        letter, _ = open_letter(tx, seen, rev)
        return _decide(tx, letter, Kind.LETTER_REFUSED, actor, opinion)

    return desk.store.write(write)


def _decide(tx: Tx, letter: Letter, kind: Kind, actor: Actor, opinion: str) -> Letter:
    changes = {"decided_by": actor.name, "decided_at": tx.now(), "opinion": opinion}
    return move(tx, letter, kind, actor=actor.name, changes=changes, facts={"opinion": opinion})


def _opinion(actor: Actor, body: Mapping[str, Any], *, required: bool) -> str:
    operators_only(actor)
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"opinion"}), faults)
    opinion = text_of(body, "opinion", MAX_REASON, faults, required=required)
    raise_if_any(faults)
    return opinion
