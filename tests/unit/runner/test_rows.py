"""What goes into the store comes out as it was: moments to the microsecond, JSON in one canonical form."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.store.rows import dumps, micros, moment, to_event

zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(9000, 1, 1), timezones=zones)  # noqa: DTZ001
texts = st.text(st.characters(codec=None), max_size=10)  # half pairs of surrogates among them
values: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
)


@given(moments)
def test_a_moment_comes_back_to_the_microsecond_in_utc(at: datetime) -> None:
    back = moment(micros(at))
    assert (back, back.tzinfo) == (at, UTC)


@given(moments, moments)
def test_stored_moments_compare_as_moments_do(a: datetime, b: datetime) -> None:
    assert (micros(a) < micros(b)) == (a < b)


def test_no_moment_stays_none_and_one_without_a_zone_is_refused() -> None:
    assert (micros(None), moment(None)) == (None, None)
    with pytest.raises(TypeError):
        micros(datetime(2026, 11, 23))  # noqa: DTZ001


@given(values)
def test_json_comes_back_as_it_was_and_every_database_can_hold_it(value: Any) -> None:
    text = dumps(value)
    assert json.loads(text) == value
    text.encode("utf-8")
    assert dumps(json.loads(text)) == text
    assert "\x00" not in text


def test_the_order_of_keys_does_not_matter() -> None:
    assert dumps({"b": 1, "a": [2]}) == dumps({"a": [2], "b": 1}) == '{"a":[2],"b":1}'
    with pytest.raises(ValueError, match="JSON"):
        dumps(float("nan"))


def test_an_event_whose_text_has_expired_says_so() -> None:
    row = {"seq": 1, "at": 0, "job": 1, "tenant": "acme", "kind": "output", "actor": "yunwei", "body": None}
    assert to_event(row).facts == {"expired": True}
