"""A command survives the plan it is stored in, and carries its attempt's token to the target."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.command import Choose, Command, Fence, Pause, PowerShell, SiteProbe, Together, from_data, to_data
from domain.operation import Step
from domain.text import Text

names = st.text(max_size=20)
plain = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.lists(st.integers(), max_size=3))
scripts = st.builds(PowerShell, host=names, script=names, args=st.dictionaries(names, plain, max_size=4), fence=names)
probes = st.builds(
    SiteProbe,
    host=names,
    path=names,
    host_header=names,
    statuses=st.lists(st.integers(100, 599), max_size=4).map(tuple),
    times=st.integers(1, 9),
)
pauses = st.builds(Pause, seconds=st.floats(0, 1000))
single = st.one_of(scripts, probes, pauses)
choices = st.builds(Choose, before=single, ask=single, fact=names, ways=st.dictionaries(names, single, max_size=3))
commands = st.one_of(single, choices, st.builds(Together, commands=st.lists(single, max_size=4).map(tuple)))


@given(commands)
def test_a_command_comes_back_from_json_as_it_was(command: Command) -> None:
    assert from_data(json.loads(json.dumps(to_data(command)))) == command


@given(commands, st.one_of(st.none(), commands), st.booleans())
def test_a_step_comes_back_from_json_as_it_was(do: Command, look: Command | None, destructive: bool) -> None:
    step = Step(key="k", title=Text("步", "step"), do=do, look=look, timeout_s=3.0, destructive=destructive, poll_s=1.0)
    assert Step.from_data(json.loads(json.dumps(step.as_data()))) == step


@pytest.mark.parametrize(
    "data", [{"kind": "Shell", "line": "rm"}, {"kind": "Pause", "host": "", "seconds": 1, "extra": 2}]
)
def test_an_unknown_command_in_a_plan_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        from_data(data)


@pytest.mark.req("CORE-1", "CORE-3")
def test_the_token_names_job_run_and_step_and_not_the_epoch() -> None:
    command = PowerShell(host="h", script="s", args={"a": 1}, fence="restart:app1")
    first = command.fenced(Fence(job=42, asked=5, run=1, epoch=1))
    marks = {"token": "job42.5-run1-restart.app1", "job": 42, "epoch": 1, "seal": None, "earlier": []}
    assert first.args == {"a": 1, **marks}
    taken_over = command.fenced(Fence(job=42, asked=5, run=1, epoch=2, seal=True))
    assert taken_over.args["token"] == first.args["token"]
    assert taken_over.args["seal"] == {"job": 42, "epoch": 2}
    assert command.fenced(Fence(job=42, asked=5, run=2, epoch=3)).args["token"] != first.args["token"]


def test_every_command_of_a_together_carries_its_own_token() -> None:
    both = Together(commands=tuple(PowerShell(host=h, script="s", fence=f"restart:{h}") for h in ("a", "b")))
    sent = both.fenced(Fence(job=1, asked=5, run=1, epoch=1))
    assert [c.args["token"] for c in sent.commands] == ["job1.5-run1-restart.a", "job1.5-run1-restart.b"]


def test_commands_without_a_fence_are_sent_as_they_are() -> None:
    fence = Fence(job=1, asked=5, run=1, epoch=1)
    for command in (
        PowerShell(host="h", script="s"),
        Pause(seconds=1.0),
        SiteProbe(host="h", path="/", host_header=""),
    ):
        assert command.fenced(fence) == command


@pytest.mark.req("CORE-1")
def test_a_later_run_names_the_tokens_of_the_earlier_ones() -> None:
    command = PowerShell(host="h", script="s", fence="restart:app1").fenced(Fence(job=42, asked=5, run=3, epoch=7))
    assert command.args["earlier"] == ["job42.5-run1-restart.app1", "job42.5-run2-restart.app1"]
