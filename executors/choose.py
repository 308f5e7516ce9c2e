"""A question first, then the command that fits the answer. Used where a target decides which way a step goes.

Asked again because an answer was lost, it sees that the way was taken, and does not ask what may be no more.
"""

from collections.abc import Mapping

from domain.command import Call, Choose, Command, Executor, Reading
from domain.errors import Broke, Trouble
from domain.text import Text


class ChooseExecutor:
    """Carries `Choose`. What goes wrong with the question says that nothing was started."""

    def __init__(self, executors: Mapping[str, Executor]) -> None:
        self._executors = executors

    def run(self, command: Command, call: Call) -> Reading:
        if not isinstance(command, Choose):
            raise TypeError(f"the choose executor cannot carry {type(command).__name__}")
        before = self._executors[command.before.wire].run(command.before, call)
        if before.facts.get("marker"):
            return before
        asked = self._ask(command, call)
        chosen = asked.facts.get(command.fact)
        way = command.ways.get(str(chosen))
        if way is None:
            zh, en = f"没有可行的方式（{command.fact}：{chosen}）", f"No way fits ({command.fact}: {chosen})"
            raise Broke(Text(zh, en), asked=asked.facts, started=False)
        reading = self._executors[way.wire].run(way, call)
        return Reading(facts={**reading.facts, "chosen": chosen, "asked": asked.facts})

    def close(self) -> None:
        """The executors it uses are closed by their owner."""

    def _ask(self, command: Choose, call: Call) -> Reading:
        try:
            return self._executors[command.ask.wire].run(command.ask, call)
        except Trouble as trouble:
            trouble.facts["started"] = False
            raise
