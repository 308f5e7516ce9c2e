"""A secret prints as dots, wherever it is put; only `open` shows it."""

import copy
import json
import logging
import pickle
from dataclasses import dataclass

import pytest

from domain.secret import DOTS, Secret, SecretRef, mask, shown

pytestmark = pytest.mark.req("CORE-8")
SECRET = Secret("hunter2")


@dataclass(frozen=True)
class Holder:
    """Something that holds a secret."""

    password: Secret


def test_a_secret_shows_dots_in_every_kind_of_text() -> None:
    texts = [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET:>20}", f"{SECRET!r}", "%s" % SECRET, f"{[SECRET]}"]  # noqa: UP031
    texts += [repr(Holder(SECRET)), str({"password": SECRET})]
    assert all(DOTS in t and "hunter2" not in t for t in texts)


def test_a_secret_in_a_log_line_or_an_error_is_dots(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("yunwei.test").info("signing in with %s", SECRET)
    assert "hunter2" not in caplog.text
    assert "hunter2" not in str(ValueError("cannot sign in", SECRET))


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy, json.dumps])
def test_a_secret_is_written_nowhere(write: object) -> None:
    with pytest.raises(TypeError):
        write(SECRET)  # type: ignore[operator]


def test_a_secret_has_no_attributes_to_look_into() -> None:
    with pytest.raises(TypeError):
        vars(SECRET)
    assert not hasattr(SECRET, "__dict__")


def test_opening_is_the_only_way_and_equality_works() -> None:
    assert SECRET.open() == "hunter2"
    assert Secret("hunter2") == SECRET
    assert Secret("other") != SECRET
    assert SECRET != "hunter2"
    assert len({SECRET, Secret("hunter2")}) == 1


def test_secrets_in_a_text_are_masked_longest_first_and_empty_ones_do_nothing() -> None:
    secrets = (Secret("pass"), Secret("password"), Secret(""))
    assert mask("the password is password, or pass", secrets) == f"the {DOTS} is {DOTS}, or {DOTS}"


def test_what_an_event_shows_has_no_secret_at_any_depth_and_only_json_numbers() -> None:
    value = {"a": [SECRET, ("b", {"c": SECRET})], "n": float("inf"), "m": 1.5}
    assert shown(value) == {"a": [DOTS, ["b", {"c": DOTS}]], "n": "inf", "m": 1.5}


def test_a_reference_says_where_and_never_what() -> None:
    assert str(SecretRef("env", "APP1_PASSWORD")) == "env:APP1_PASSWORD"
