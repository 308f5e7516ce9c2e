"""Run one batch as SSMS does, over python-tds: every message, count and result in order, to the last DONE.

The tokens are read one by one instead of through a cursor: a cursor raises where SSMS goes on, and loses counts and
messages at its edges. What is used of python-tds here is private to it: the version is pinned, the tests hold it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pytds import tds_base
from pytds.tds_base import Error as DriverError

ERROR_ABOVE: Final = 10  # severity: 10 and below is information
HIDDEN: Final = (5701, 5703)  # "Changed database context …", "Changed language …": SSMS shows neither
_DONE: Final = (tds_base.TDS_DONE_TOKEN, tds_base.TDS_DONEPROC_TOKEN, tds_base.TDS_DONEINPROC_TOKEN)
_ROW: Final = (tds_base.TDS_ROW_TOKEN, tds_base.TDS_NBC_ROW_TOKEN)
_MESSAGE: Final = (tds_base.TDS_ERROR_TOKEN, tds_base.TDS_INFO_TOKEN)
_ACKNOWLEDGED: Final = tds_base.TDS_DONE_CANCELLED


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message of the server; `line` counts from 1 in the batch, or in `procedure` if that is not empty."""

    number: int
    severity: int
    state: int
    procedure: str
    line: int
    text: str

    @property
    def red(self) -> bool:
        return self.severity > ERROR_ABOVE


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """A statement said how many rows it affected, or returned."""

    rows: int


@dataclass(kw_only=True, slots=True)
class Shown:
    """A result: its columns, its first rows, and how many there were in all."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is kept of one batch. More is read all the same: not reading on would stop the batch on the server."""

    results: int = 20
    rows: int = 100
    messages: int = 1000  # of information; as many errors, and as many counts


Colour = Literal["green", "red", "unknown"]


@dataclass(kw_only=True)
class Ran:
    """What came back, in order. `finished` is True only if the final DONE came; `cancelled` if it answered a cancel.

    `dropped` counts the messages, results and counts that did not fit into the limits; `failed` counts none away.
    """

    events: list[Said | Counted | Shown] = field(default_factory=list)
    seconds: float = 0.0
    finished: bool = False
    cancelled: bool = False
    failed: bool = False
    dropped: int = 0

    @property
    def colour(self) -> Colour:
        """Judged by messages and the final DONE, never by an exception of the driver."""
        if not self.finished:
            return "unknown"
        return "red" if self.failed or self.cancelled else "green"


def run_batch(session: Any, text: str, limits: Limits, say: Callable[[Said], None]) -> Ran:
    """Send `text` once and read everything that it answers. `say` hears each message as it comes.

    Raises whatever breaks the wire, with the answer so far as the exception's `ran` (its colour is `unknown`).
    """
    ran, started = Ran(), time.monotonic()
    reader = _Reader(session, ran, limits, say)
    try:
        session.submit_plain_query(text)
        session.begin_response()
        reader.read_all()
    except BaseException as error:
        error.ran = ran  # type: ignore[attr-defined]  # what took effect so far is the caller's to tell
        raise
    finally:
        ran.seconds = time.monotonic() - started
    return ran


class _Reader:
    """The tokens of one answer."""

    def __init__(self, session: Any, ran: Ran, limits: Limits, say: Callable[[Said], None]) -> None:
        self._session, self._ran, self._limits, self._say = session, ran, limits, say
        self._shown: Shown | None = None
        self._kept: dict[str, int] = {}

    def read_all(self) -> None:
        for marker in self._tokens():
            if marker in _DONE:
                self._done()
            elif marker == tds_base.TDS7_RESULT_TOKEN:
                self._result()
            elif marker in _ROW:
                self._row()
            elif marker in _MESSAGE:
                self._message()

    def _tokens(self) -> Iterator[int]:
        """Each token, processed by the driver, up to the last DONE."""
        while not self._ran.finished:
            marker = self._session.get_token_id()
            if marker in _DONE:
                self._end(marker)
            else:
                self._session.process_token(marker)
            yield marker

    def _end(self, marker: int) -> None:
        try:
            self._session.process_end(marker)
        except DriverError:
            self._ran.failed = True  # the error bit of DONE, which the driver makes an exception of

    def _done(self) -> None:
        flags = self._session.done_flags
        if flags & tds_base.TDS_DONE_COUNT:
            self._keep("counts", Counted(rows=self._session.rows_affected), self._limits.messages)
        self._shown = None
        if flags & _ACKNOWLEDGED:
            self._ran.cancelled = self._ran.finished = True
        elif not flags & tds_base.TDS_DONE_MORE_RESULTS:
            self._last_done()

    def _last_done(self) -> None:
        """The answer's end; after an attention a second message comes, which acknowledges it."""
        if self._session.in_cancel:
            self._session.begin_response()
            return
        self._ran.finished = True

    def _result(self) -> None:
        columns = tuple(c.column_name for c in self._session.res_info.columns)
        self._shown = Shown(columns=columns)
        self._keep("results", self._shown, self._limits.results)

    def _row(self) -> None:
        if self._shown is None:
            return
        self._shown.total += 1
        if len(self._shown.rows) < self._limits.rows:
            self._shown.rows.append(tuple(self._session.row))

    def _message(self) -> None:
        raw = self._session.messages.pop()  # the driver would keep them all
        said = Said(
            number=raw["msgno"],
            severity=raw["severity"],
            state=raw["state"],
            procedure=raw["proc_name"],
            line=raw["line_number"],
            text=raw["message"],
        )
        self._ran.failed = self._ran.failed or said.red
        if said.number in HIDDEN:
            return
        self._keep("errors" if said.red else "information", said, self._limits.messages)
        self._say(said)

    def _keep(self, sort: str, event: Said | Counted | Shown, most: int) -> None:
        kept = self._kept.get(sort, 0)
        if kept >= most:
            self._ran.dropped += 1
            return
        self._kept[sort] = kept + 1
        self._ran.events.append(event)
