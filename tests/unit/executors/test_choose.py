"""A question, then the way that fits the answer."""

from typing import Any

import pytest

from domain.command import Choose, Command, Fence, Pause, PowerShell, Reading, Sql
from domain.errors import Broke, Severed, Trouble, Unreachable
from domain.text import Text
from executors.choose import ChooseExecutor

WAYS: dict[str, Command] = {"bacpac": Pause(seconds=1.0), "dacpac": Pause(seconds=2.0)}
BEFORE = PowerShell(host="h", script="look", fence="start")
CHOOSE = Choose(before=BEFORE, ask=Sql(host="h", verb="package-kind", fence="start"), fact="format", ways=WAYS)


class Played:
    """An executor that answers what it is given, and remembers what it was asked."""

    def __init__(self, answer: dict[str, Any] | Trouble) -> None:
        self.answer, self.asked = answer, list[Command]()

    def run(self, command: Command, _call: Any) -> Reading:
        self.asked.append(command)
        if isinstance(self.answer, Trouble):
            raise self.answer
        return Reading(facts=self.answer)

    def close(self) -> None:
        """Nothing is held."""


def run(
    asked: dict[str, Any] | Trouble, way: dict[str, Any] | Trouble, marker: dict[str, Any] | None = None
) -> tuple[Reading, list[Command]]:
    other: Any = Played(way)
    question: Any = Played(asked)
    look: Any = Played({"marker": marker, "alive": True})
    call: Any = None
    return ChooseExecutor({"winrm": look, "mssql": question, "none": other}).run(CHOOSE, call), other.asked


@pytest.mark.parametrize("named", sorted(WAYS))
def test_the_way_that_the_answer_names_is_taken_and_told(named: str) -> None:
    reading, taken = run({"format": named, "why": "x"}, {"acted": True})
    assert taken == [WAYS[named]]
    assert reading.facts == {"acted": True, "chosen": named, "asked": {"format": named, "why": "x"}}


@pytest.mark.parametrize("facts", [{"format": None}, {}, {"format": "zip"}])
def test_an_answer_that_names_no_way_sends_nothing(facts: dict[str, Any]) -> None:
    with pytest.raises(Broke) as met:
        run(facts, Severed(Text("不应到此", "not to be reached")))
    assert met.value.facts["started"] is False


def test_where_an_earlier_send_got_through_nothing_is_asked_or_sent_again() -> None:
    gone = Unreachable(Text("文件已移走", "the file is gone by now"))
    reading, taken = run(gone, gone, marker={"phase": "ended"})
    assert taken == []
    assert reading.facts == {"marker": {"phase": "ended"}, "alive": True}


def test_trouble_with_the_question_says_that_nothing_was_started() -> None:
    with pytest.raises(Unreachable) as met:
        run(Unreachable(Text("不通", "no way")), {})
    assert met.value.facts["started"] is False


def test_trouble_on_the_way_is_passed_on_as_it_is() -> None:
    with pytest.raises(Severed) as met:
        run({"format": "bacpac"}, Severed(Text("断了", "cut")))
    assert "started" not in met.value.facts


def test_every_way_and_the_question_carry_the_attempts_token() -> None:
    script = PowerShell(host="h", script="s", args={"name": "{work}-export"}, fence="start")
    choose = Choose(before=BEFORE, ask=CHOOSE.ask, fact="format", ways={"bacpac": script}).fenced(
        Fence(job=7, asked=255, run=2, epoch=3)
    )
    way = choose.ways["bacpac"]
    assert isinstance(way, PowerShell)
    assert isinstance(choose.ask, Sql)
    assert (way.args["name"], way.args["token"]) == ("job7.ff-export", "job7.ff-run2-start")
    assert choose.ask.args["token"] == "job7.ff-run2-start"
