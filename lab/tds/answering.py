"""One message of answers: each goes out as it comes, but a Done waits until it is known whether more follows."""

from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Event
from typing import Any

from lab.tds.answers import Answer, Changed, Columns, Done, Hangup, Message, Returned, Row, Transaction
from lab.tds.packets import Outgoing
from lab.tds.tokens import ATTENTION_COMMAND, WORST_INFORMATION, End, Status, Tokens

Token = Callable[[Status], bytes]


def _nothing(_: str) -> None:
    pass


class HungUp(Exception):
    """The server ends the connection. What is to be said first has been said."""


class Answering:
    """Writes the answers of one request. Every statement's end passes through `_hold`: it says MORE or it is the last.

    `is_call`: the answers are those of a remote call, whose last word is DONEPROC.
    """

    def __init__(
        self, tokens: Tokens, out: Outgoing, *, name_of_end: str = "after", moment: Callable[[str], None] = _nothing
    ) -> None:
        self._tokens = tokens
        self._out = out
        self._moment = moment
        self._name_of_end = name_of_end
        self._held: Token | None = None
        self._row: Callable[[tuple[Any, ...]], bytes] | None = None
        self._is_call = False
        self._returned: Returned | None = None
        self._failed = False
        self._spoke = False
        self.stopped = False

    def run(self, answers: Iterator[Answer], stop: Event, *, is_call: bool, names: tuple[str, ...] = ()) -> None:
        """Send the answers of a batch or call as they come. Raises HungUp, and OSError when the client is gone."""
        self._is_call, self._returned, self._failed = is_call, None, False
        with closing(_closable(answers)) as told:
            for answer in told:
                if stop.is_set():
                    self.stopped = True
                    return
                self._say(answer)
        self.stopped = self.stopped or stop.is_set()
        if is_call and not self.stopped:
            self._end_call(names)

    def end(self) -> None:
        """Close the message: with its last Done, or after an attention with one that says so."""
        if self.stopped:
            self._release()
            self._held = self._done(End.STATEMENT, Done(failed=True))
        elif self._held is None:
            self._hold(self._done(End.STATEMENT, Done(failed=self._failed)))
        self._moment(self._name_of_end)
        self._release(Status.FINAL)
        self._out.end()

    def _say(self, answer: Answer) -> None:
        match answer:
            case Done():
                self._finish(answer)
            case Returned():
                self._return(answer)
            case Hangup():
                self._hang_up(answer)
            case Columns():
                described, self._row = self._tokens.columns(answer.columns)
                self._add(described)
            case Row():
                if self._row is None:
                    raise ValueError("a row without columns")
                self._speak(self._row(answer.values))
            case Message():
                self._failed = self._failed or answer.severity > WORST_INFORMATION
                self._speak(self._tokens.message(answer))
            case Changed():
                self._add(self._tokens.changed(answer))
            case Transaction():
                self._add(self._tokens.transaction(answer))

    def _finish(self, done: Done) -> None:
        self._failed = done.failed
        if self._is_call or done.inner:
            end = End.IN_PROCEDURE
        else:
            end = End.STATEMENT if self._returned is None else End.PROCEDURE
            self._returned = None
        self._hold(self._done(end, done))

    def _return(self, returned: Returned) -> None:
        if not self._is_call:
            self._add(self._tokens.return_status(returned.status))
        self._returned = returned  # a call says it at its very end

    def _end_call(self, names: tuple[str, ...]) -> None:
        if self._failed and self._returned is None:
            self._held = None  # its error is the call's own
        else:
            self._write_returned(self._returned or Returned(), names)
        self._hold(self._done(End.PROCEDURE, Done(failed=self._failed)))

    def _write_returned(self, returned: Returned, names: tuple[str, ...]) -> None:
        self._add(self._tokens.return_status(returned.status))
        for name, (column, value) in returned.outputs.items():
            ordinal = names.index(name) if name in names else 0
            self._add(self._tokens.return_value(ordinal, name, column, value))

    def _hang_up(self, hangup: Hangup) -> None:
        if not hangup.abrupt:
            self._held = self._held or self._done(End.STATEMENT, Done(failed=True))
            self._release(Status.FINAL)
            self._out.end()
        raise HungUp

    def _done(self, end: End, done: Done) -> Token:
        status = Status.ERROR if done.failed else Status.FINAL
        if done.count is not None:
            status |= Status.COUNT
        return lambda more: self._tokens.done(end, status | more, done.verb, done.count or 0)

    def _hold(self, token: Token) -> None:
        self._release()
        self._held = token

    def _release(self, more: Status = Status.MORE) -> None:
        if self._held is not None:
            self._out.add(self._held(more))
            self._held = None

    def _add(self, token: bytes) -> None:
        self._release()
        self._out.add(token)

    def _speak(self, token: bytes) -> None:
        """What a waiting client shall see at once."""
        self._add(token)
        self._out.flush()
        if not self._spoke:
            self._spoke = True
            self._moment("mid-message")


def acknowledge(tokens: Tokens, out: Outgoing) -> None:
    """The message that answers an attention."""
    out.add(tokens.done(End.STATEMENT, Status.ATTENTION, ATTENTION_COMMAND))
    out.end()


def _closable(answers: Iterator[Answer]) -> Any:
    """As a generator, which can be closed; a session may answer with a plain iterator."""
    return answers if hasattr(answers, "close") else (answer for answer in answers)
