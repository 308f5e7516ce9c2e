"""Several commands at the same time, each over its own wire. Used by operations that act on all servers at once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from domain.command import Call, Command, Executor, Reading, Together
from domain.errors import Severed, Stopped, TimedOut, Trouble

MOST: Final = 32


class TogetherExecutor:
    """Carries `Together`. Facts: {host: {"facts": …} or {"error": {code, text, …}}}.

    Raises Severed, TimedOut or Stopped if that happened to any of them, once all have answered: a look then asks each.
    """

    def __init__(self, executors: Mapping[str, Executor]) -> None:
        self._executors = executors

    def run(self, command: Command, call: Call) -> Reading:
        if not isinstance(command, Together):
            raise TypeError(f"the together executor cannot carry {type(command).__name__}")
        with ThreadPoolExecutor(max_workers=min(MOST, max(1, len(command.commands)))) as pool:
            answers = list(pool.map(lambda c: self._one(c, call), command.commands))
        for answer in answers:
            if isinstance(answer, Severed | TimedOut | Stopped):
                raise answer
        return Reading(facts={c.host: _shown(a) for c, a in zip(command.commands, answers, strict=True)})

    def close(self) -> None:
        """The executors it uses are closed by their owner."""

    def _one(self, command: Command, call: Call) -> Reading | Trouble:
        try:
            return self._executors[command.wire].run(command, call)
        except Trouble as trouble:
            return trouble


def _shown(answer: Reading | Trouble) -> dict[str, Any]:
    if isinstance(answer, Reading):
        return {"facts": answer.facts}
    return {"error": {"code": answer.code, "text": answer.text.as_dict(), **answer.facts}}
