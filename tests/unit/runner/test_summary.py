"""The outcome of a job says of each thing which state it is in, also of things that one step changes together."""

import pytest

from domain.command import Pause
from domain.operation import Step
from domain.text import Text
from runner.summary import things


def step(key: str, on: str) -> Step:
    return Step(key=key, title=Text(key, key), do=Pause(), timeout_s=1.0, effect_on=on)


TURN_BY_TURN = (step("restart:app1", "app1"), step("restart:app2", "app2"), step("restart:app3", "app3"))
BALANCED = (step("drain:app1", "app1"), step("restart:app1", "app1"), step("undrain:app1", "app1"))
TOGETHER = (step("restart:all", "app1, app2"), step("prove:app1", "app1"), step("prove:app2", "app2"))


@pytest.mark.req("IIS-2")
def test_what_comes_after_the_failed_step_is_untouched_and_what_came_before_is_done() -> None:
    states = [thing["state"] for thing in things(TURN_BY_TURN, 1, failed=True)]
    assert states == ["done", "failed", "untouched"]


@pytest.mark.req("IIS-2")
def test_a_failed_step_that_changes_several_things_leaves_none_of_them_untouched() -> None:
    found = things(TOGETHER, 0, failed=True)
    assert [(t["name"], t["state"], t["at"]) for t in found] == [
        ("app1", "failed", "restart:all"),
        ("app2", "failed", "restart:all"),
    ]


@pytest.mark.req("IIS-2")
def test_a_thing_that_is_half_done_says_what_was_done_to_it() -> None:
    half_done = {"name": "app1", "state": "failed", "at": "restart:app1", "after": ["drain:app1"]}
    assert things(BALANCED, 1, failed=True) == [half_done]
    assert things(BALANCED, 1) == [{**half_done, "state": "partly"}]
