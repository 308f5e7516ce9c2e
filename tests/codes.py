"""One-time codes in tests: asked for through the desk, read from the outbox, as the phone would show them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from domain.request import Actor
from intake.codes import ask
from intake.desk import Desk
from intake.upload_wish import ask_code
from runner.store.store import Store


def code_for(desk: Desk, actor: Actor, body: Mapping[str, Any]) -> str:
    """Ask for a code for this submit or edit; the digits that were put for the phone."""
    ask(desk, actor, body)
    return digits_in(desk.store)


def digits_in(store: Store) -> str:
    """The newest code in the outbox."""
    rows = store.rows("waiting_codes")
    assert rows, "no code waits to be sent"
    found = re.search(r"\b\d{6}\b", json.loads(rows[0]["body"])["zh"])
    assert found
    return found[0]


def upload_code(desk: Desk, actor: Actor, size: int, given: Mapping[str, str]) -> str:
    """The digits of a code for an upload. The minute between two is not waited for."""
    desk.store.write(lambda tx: tx.moved("forget_codes", before=tx.ahead(3600)))
    ask_code(desk, actor, size, given)
    return digits_in(desk.store)
