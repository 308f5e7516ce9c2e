"""How a batch stands, as plain data: what SSMS shows of it, with the lines of the script."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final

from executors.mssql_batch import Counted, Ran, Said, Shown
from tsql.batches import Batch

MOST_TEXT: Final = 4_000  # of a batch, a message, a cell: what is longer is cut, and says so
MOST_CELL: Final = 400
MOST_CELLS: Final = 5_000  # of all results of a batch
MOST_EVENTS: Final = 400


@dataclass(kw_only=True)
class Part:
    """One batch of a script. Colours: green, red, grey (not sent), unknown (sent, and the end is not known).

    `ended` says why a colour is what it is, where the messages do not: rolled-back, stopped, not-executed, broken-off.
    """

    number: int
    batch: Batch
    colour: str = "grey"
    done: int = 0  # times of `batch.times`
    seconds: float = 0.0
    ended: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0
    cells: int = 0
    looked: bool = False  # known from what the server remembers: its messages are not

    def took(self, ran: Ran) -> None:
        """Add one execution."""
        self.seconds += ran.seconds
        self.dropped += ran.dropped
        self.colour = ran.colour
        self.done += ran.colour == "green"
        for event in ran.events:
            self._keep(event)

    def as_facts(self) -> dict[str, Any]:
        text, lines = self.batch.text, self.batch.text.count("\n")
        return {
            "colour": self.colour,
            "line": self.batch.line,
            "last_line": self.batch.line + lines,
            "text": text[:MOST_TEXT],
            "cut": len(text) > MOST_TEXT,
            "times": self.batch.times,
            "done": self.done,
            "seconds": round(self.seconds, 4),
            "ended": self.ended,
            "events": self.events,
            "dropped": self.dropped,
            "looked": self.looked,
        }

    def first_error(self) -> dict[str, Any] | None:
        return next((e for e in self.events if e["kind"] == "message" and e["severity"] > 10), None)

    def _keep(self, event: Said | Counted | Shown) -> None:
        if len(self.events) >= MOST_EVENTS:
            self.dropped += 1
            return
        match event:
            case Said():
                self.events.append(self._message(event))
            case Counted():
                self.events.append({"kind": "count", "rows": event.rows})
            case Shown():
                self.events.append(self._result(event))

    def _message(self, said: Said) -> dict[str, Any]:
        """Inside a procedure the line is the procedure's; otherwise it is one of the script."""
        line = None if said.procedure else self.batch.line + max(1, said.line) - 1
        return {
            "kind": "message",
            "number": said.number,
            "severity": said.severity,
            "state": said.state,
            "procedure": said.procedure,
            "line": said.line,
            "script_line": line,
            "text": said.text[:MOST_TEXT],
        }

    def _result(self, shown: Shown) -> dict[str, Any]:
        width = max(1, len(shown.columns))
        rows = shown.rows[: max(0, (MOST_CELLS - self.cells) // width)]
        self.cells += len(rows) * width
        return {"kind": "result", "columns": list(shown.columns), "total": shown.total, "rows": _cells(rows)}


def _cells(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [[_cell(value) for value in row] for row in rows]


def _cell(value: Any) -> Any:
    """A value as JSON can carry it, without losing digits."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, bytes | bytearray):
        return "0x" + value[: MOST_CELL // 2].hex()
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)[:MOST_CELL]
