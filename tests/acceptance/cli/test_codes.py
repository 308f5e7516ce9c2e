"""One-time codes at the command line: asked for at a terminal, or given from standard input where nobody is asked."""

import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.acceptance.cli.conftest import Deployment
from tests.acceptance.cli.test_terminal import Terminal

pytestmark = pytest.mark.req("INT-10")
PLACE = "ledger-test/prod/books"
RENAME = ("request", "submit", "rename", PLACE, "--new-name", "2027 账套")
QUESTION = "Code (6 digits)"
SERVER = (
    "data_centers: [{name: books, title: 账套, database: Books}], database_host: {name: db1, address: 127.0.0.1,"
    " port: 1, sql: {user: u, password: 'env:NOWHERE', encryption: optional, exchange: {there: /x, here: x}}}"
)


@pytest.fixture
def place(site: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """With a data center on a database server, a gateway that is set, and alice's phone."""
    text = site.estate.read_text(encoding="utf-8")
    site.estate.write_text(text.replace("{name: prod, title: 正式", f"{{name: prod, {SERVER}, title: 正式", 1), "utf-8")
    monkeypatch.setenv("YUNWEI_SMS", "http://127.0.0.1:9/")
    assert site.run("user", "contact", "alice", "--phone", "+8613800001234", "--as", "olga").code == 0
    return site


@pytest.fixture
def terminal(place: Deployment) -> Iterator[Any]:
    opened: list[Terminal] = []

    def begin(*words: str) -> Terminal:
        more = {"YUNWEI_USER": "alice", "YUNWEI_SMS": "http://127.0.0.1:9/"}
        opened.append(Terminal({**place.environment, **more}, *words))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


def on_the_phone(place: Deployment) -> str:
    with closing(sqlite3.connect(place.home / "yunwei.db")) as store:
        ((body,),) = store.execute("SELECT body FROM outbox WHERE kind = 'code' ORDER BY id DESC LIMIT 1").fetchall()
    found = re.search(r"\b\d{6}\b", body)
    assert found
    return found[0]


def answering(place: Deployment) -> dict[str, Any]:
    """Yes, and the code that came."""
    return {"Go ahead?": "y", QUESTION: lambda: on_the_phone(place)}


def test_at_a_terminal_a_code_is_sent_and_asked_for(place: Deployment, terminal: Any) -> None:
    code, shown = terminal(*RENAME).talk(answering(place))
    assert code == 0, shown
    assert re.search(r"A code is sent to \S+1234, good until \d{4}-", shown)
    assert "Request 1 is accepted" in shown


def test_who_mistypes_it_is_told_how_many_tries_are_left_and_types_the_same_one_at_the_next_call(
    place: Deployment, terminal: Any
) -> None:
    wrong = {QUESTION: lambda: "000000" if on_the_phone(place) != "000000" else "111111"}
    code, shown = terminal(*RENAME).talk({**answering(place), **wrong})
    assert code == 3
    assert "tries left: 4" in shown
    code, shown = terminal(*RENAME).talk(answering(place))
    assert code == 0, shown
    assert "type the one that came" in shown


def test_what_would_be_refused_anyway_sends_no_code(place: Deployment, terminal: Any) -> None:
    code, shown = terminal(*RENAME, "--at", "+400d").talk({})
    assert code == 3, shown
    assert QUESTION not in shown
    with closing(sqlite3.connect(place.home / "yunwei.db")) as store:
        assert store.execute("SELECT count(*) FROM code").fetchone() == (0,)


def test_where_nobody_is_asked_the_code_comes_from_standard_input_and_stands_in_no_argument(
    place: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.run(*RENAME, "--yes").code == 3, "without a code a policy says no"
    sent = place.run(*RENAME, "--yes", "--send-code", "--json")
    assert sent.data["to"].endswith("1234")
    monkeypatch.setattr("sys.stdin", io.StringIO(on_the_phone(place) + "\n"))
    assert place.run(*RENAME, "--yes", "--code", "-").code == 0


def test_an_edit_at_a_terminal_asks_for_a_code_of_its_own(place: Deployment, terminal: Any) -> None:
    assert terminal(*RENAME, "--at", "+3h").talk(answering(place))[0] == 0
    words = ("request", "edit", "1", "--param", "new_name=2028 账套")
    code, shown = terminal(*words).talk({QUESTION: lambda: on_the_phone(place)})
    assert code == 0, shown
    assert place.run("request", "show", "1", "--json").data["params"]["new_name"] == "2028 账套"
