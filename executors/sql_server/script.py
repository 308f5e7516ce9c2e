"""Run a tenant's script: batch after batch on one session, each outcome written down where the batch took effect.

A batch that may run inside a transaction of ours commits together with its row in the ledger; of the others the row
follows. Nothing is ever sent twice: after a lost wire or a lost worker the ledger says what is known.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Final

from domain.command import Call
from domain.errors import Broke, Severed
from executors.mssql_address import address_of, server_of
from executors.mssql_batch import Limits, Said
from executors.mssql_script import SETTINGS, ScriptSession
from executors.sql_server import attempt, ledger
from executors.sql_server.batches import Part
from executors.sql_server.server import Arguments, Facts, Server
from tsql.atomic import begins_by_itself, is_atomic, may_commit
from tsql.batches import Batch, Flaw, split
from tsql.reading import decode

QUIET: Final = Limits(results=1, rows=1, messages=20)  # for statements of ours
LETTERS: Final = {"green": "g", "red": "r", "grey": "-", "unknown": "?"}  # of an ended attempt's batches, in its marker
PROGRAM: Final = "SELECT session_id FROM sys.dm_exec_sessions WHERE program_name = %s"


def run_script(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Run the script once. Facts: how many batches of each colour, and the first error.

    One that was stopped, or took too long, says so in `stopped`; its parts say what took effect. Raises Severed: look.
    """
    batches = read_script(server, arguments["script"])
    plan = {"batches": len(batches), "whole": arguments["whole"]}
    with server.link(f"{arguments['token']} keeper") as keeper, _session(server, arguments, call) as session:
        return attempt.once(keeper, arguments, plan, lambda: _Run(session, arguments, call, batches).through())


def look_at_script(server: Server, arguments: Arguments, call: Call) -> Facts:
    """What is known of an attempt: its marker, whether its session lives, and each batch's colour. Ends nothing.

    An attempt that ended told its worker; whether that one could write it down is not known here, so it is told again.
    """
    with server.link("yunwei look") as link:
        marker = attempt.look(link, arguments)
        alive = marker.held or bool(link.rows(PROGRAM, arguments["token"]))
    facts = {**marker.as_facts(), "alive": alive}
    if marker.phase == "ended" and not alive:
        _tell_again(server, arguments, call, str(marker.facts.get("colours", "")))
    if marker.phase != "begun" or alive:
        return facts
    with server.link("yunwei look", arguments["database"]) as inside:
        done = ledger.rows(inside, arguments["token"])
    return {**facts, **_reconciled(server, arguments, call, done)}


def read_script(server: Server, script: str) -> list[Batch]:
    """The batches of the stored script. It was read whole before it was accepted; a flaw now is an error."""
    found = list(split(decode([server.read(script)])))
    flaws = [piece for piece in found if isinstance(piece, Flaw)]
    if flaws:
        raise Broke(flaws[0].text, line=flaws[0].line, started=False)
    return [piece for piece in found if isinstance(piece, Batch)]


def _session(server: Server, arguments: Arguments, call: Call) -> ScriptSession:
    """The script's own session, with the ledger's table in place. Until here nothing was begun."""
    with server.link("yunwei ledger", arguments["database"]) as inside:
        ledger.make_table(inside)
    login = server.login(arguments["data_center"])
    address = address_of(server.host, server_of(server.host), login.user, server.secrets(login.password))
    session = ScriptSession(address, arguments["token"], arguments["database"], call)
    session.run(SETTINGS, QUIET)
    return session


@dataclass
class _Run:
    """One way through a script. `whole`: one transaction around all of it."""

    session: ScriptSession
    arguments: Arguments
    call: Call
    batches: list[Batch]
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("green", "red", "grey", "unknown"), 0))
    colours: list[str] = field(default_factory=list)
    first_error: dict[str, Any] | None = None
    dead: bool = False  # nothing more is sent
    ahead: bool = False  # a transaction of ours was begun for the batch that comes next
    escaped: bool = False  # of one transaction around it all, a batch may have committed what was done so far
    implicit: bool = False  # transactions begin by themselves: no batch is wrapped any more
    opened: int = 0  # the batch that began the script's own transaction, while that is open

    @property
    def whole(self) -> bool:
        return bool(self.arguments["whole"])

    def through(self) -> Facts:
        if self.whole:
            self._ours("BEGIN TRANSACTION")
        for number, (batch, then) in enumerate(zip_longest(self.batches, self.batches[1:]), 1):
            part = Part(number=number, batch=batch)
            self.dead = self.dead or self.session.stopped
            if not self.dead:
                self._batch(part, then)
            self._told(part)
        closed = self._close()
        told = {"counts": self.counts, "first_error": self.first_error, "colours": "".join(self.colours)}
        return {**closed, **told, "stopped": self._why_stopped()}

    def _batch(self, part: Part, then: Batch | None) -> None:
        """Every time of a batch, until one is not green. `then` is the batch that comes after it."""
        for time in range(1, part.batch.times + 1):
            try:
                self._once(part, time, part.batch if time < part.batch.times else then)
            except Severed as trouble:
                self._broke_off(part, trouble)
                raise
            if part.colour != "green":
                break
        theirs = self.session.transaction and not self.ahead and not self.whole
        self.opened = (self.opened or part.number) if theirs else 0
        self.dead = self._ends_here(part)

    def _once(self, part: Part, time: int, then: Batch | None) -> None:
        """One execution, in a transaction of ours if it may be and none is open."""
        wrapped = self.ahead or (self._may_wrap(part.batch) and self._began())
        self.ahead = False
        self.implicit = self.implicit or begins_by_itself(part.batch.text)
        part.took(self.session.run(part.batch.text, Limits(), self._said))
        if wrapped and not self.session.transaction:
            part.ended = "rolled-back"  # the server threw the whole batch away: nothing of it remains
        if self.session.stopped and part.colour != "green":
            self._stopped(part, wrapped=wrapped)
        elif self.whole and not self.session.transaction:
            part.colour, part.ended = "red", "transaction-ended"  # by the script itself, or by a grave error
            self.escaped = self.escaped or may_commit(part.batch.text)
        else:
            self._enter(part, time, then, wrapped=wrapped)

    def _may_wrap(self, batch: Batch | None) -> bool:
        ours = self.whole or self.session.transaction or self.implicit
        return batch is not None and not ours and is_atomic(batch.text)

    def _stopped(self, part: Part, *, wrapped: bool) -> None:
        """A batch that was cut short: rolled back if it is in a transaction of ours, else partly done."""
        part.ended = "rolled-back" if wrapped else "stopped"
        if wrapped and self.session.transaction:
            self._ours("ROLLBACK TRANSACTION")

    def _enter(self, part: Part, time: int, then: Batch | None, *, wrapped: bool) -> None:
        """Add the ledger's row, and commit with it what is ours; a script's own transaction is left to the script.

        All in one message, and with it the beginning of the next batch's transaction: every message costs a way there
        and back, for each of ten thousand batches.
        """
        open_before = self.session.transaction
        row = ledger.entry(self.arguments["database"], self.arguments["token"], part.number, time, part.colour)
        goes_on = wrapped and open_before and then is not None and is_atomic(then.text) and not self._ends_here(part)
        end = "; COMMIT TRANSACTION" if wrapped and open_before else ""
        ran = self.session.run(row + end + ("; BEGIN TRANSACTION" if goes_on else ""), QUIET)
        if part.colour == "green" and not ledger.is_entered(ran.events):
            part.colour, part.ended = "grey", "not-executed"  # NOEXEC is on, for our statement as for the batch
        self.ahead = goes_on and self.session.transaction
        if self.session.transaction and not self.ahead and (wrapped or not open_before):
            self._ours("COMMIT TRANSACTION")

    def _ends_here(self, part: Part) -> bool:
        """With an open transaction an error ends the script in any case: what follows would run outside of it."""
        if self.session.stopped:
            return True
        if part.colour == "green" or part.ended == "not-executed":
            return False
        return self.whole or self.session.transaction or self.arguments["on_error"] == "stop"

    def _broke_off(self, part: Part, trouble: Severed) -> None:
        ran = getattr(trouble, "ran", None)
        if ran is not None:
            part.took(ran)
        part.colour, part.ended = "unknown", "broken-off"
        self._told(part)

    def _told(self, part: Part) -> None:
        self.counts[part.colour] += 1
        self.colours.append(LETTERS[part.colour])
        self.first_error = self.first_error or _error(part)
        self.call.part(part.number, part.as_facts())
        self.call.progress(100.0 * part.number / max(1, len(self.batches)), batches=part.number)

    def _close(self) -> Facts:
        """Commit what is whole and green; roll back whatever the script left open. Never commit for its author."""
        good = self.counts["green"] == len(self.batches)
        if self.ahead:  # begun for a batch that was not sent any more
            self._ours("ROLLBACK TRANSACTION")
        left_open = self.session.transaction and not self.whole
        if self.session.transaction:
            self._ours("COMMIT TRANSACTION" if self.whole and good else "ROLLBACK TRANSACTION")
        if self.whole and not good:
            self._took_back(1, "unknown" if self.escaped else "grey")
        if left_open:  # what a batch did before it began the transaction is not known to be gone
            self._took_back(self.opened, "red")
        took_back = left_open or (self.whole and not good and not self.escaped)
        return {"left_open": left_open, "rolled_back": took_back, "escaped": self.escaped}

    def _took_back(self, first: int, colour: str) -> None:
        """What had been green since batch `first` was rolled back, or may have been, and is shown so."""
        for number in range(max(1, first), len(self.colours) + 1):
            if self.colours[number - 1] == LETTERS["green"]:
                self.counts["green"] -= 1
                self.counts[colour] += 1
                self.colours[number - 1] = LETTERS[colour]
                batch = self.batches[number - 1]
                ended = "transaction-ended" if colour == "unknown" else "rolled-back"
                part = Part(number=number, batch=batch, colour=colour, ended=ended, looked=True)
                self.call.part(number, part.as_facts())

    def _why_stopped(self) -> str | None:
        if not self.session.stopped or not self.counts["grey"] + self.counts["red"]:
            return None
        return "asked" if self.call.stop_asked() else "time"

    def _began(self) -> bool:
        """Whether a transaction of ours is open now: under NOEXEC it is not."""
        self._ours("BEGIN TRANSACTION")
        return self.session.transaction

    def _ours(self, statement: str) -> None:
        self.session.run(statement, QUIET)

    def _said(self, said: Said) -> None:
        self.call.say("stderr" if said.red else "stdout", said.text)


def _error(part: Part) -> dict[str, Any] | None:
    found = part.first_error()
    return {"batch": part.number, **found} if found else None


def _tell_again(server: Server, arguments: Arguments, call: Call, colours: str) -> None:
    """The colours of an attempt that ended, from its marker; one of an older version has none."""
    names = {letter: colour for colour, letter in LETTERS.items()}
    for number, (batch, letter) in enumerate(zip(read_script(server, arguments["script"]), colours, strict=False), 1):
        colour = names[letter]
        done = batch.times if colour == "green" else 0
        part = Part(number=number, batch=batch, colour=colour, done=done, ended="from-ledger", looked=True)
        call.part(number, part.as_facts())


def _reconciled(server: Server, arguments: Arguments, call: Call, done: list[Facts]) -> Facts:
    """Of a broken-off attempt: batches with their rows are known; others only if they could not but roll back."""
    batches = read_script(server, arguments["script"])
    counts = dict.fromkeys(("green", "red", "grey", "unknown"), 0)
    for part in _parts(batches, done, whole=bool(arguments["whole"])):
        counts[part.colour] += 1
        call.part(part.number, part.as_facts())
    return {"counts": counts, "known": counts["unknown"] == 0}


def _parts(batches: list[Batch], done: list[Facts], *, whole: bool) -> Iterator[Part]:
    rows: dict[int, list[str]] = {}
    for row in done:
        rows.setdefault(row["number"], []).append(row["colour"])
    last = max(rows, default=0)
    reached = last if last and not _is_full(batches[last - 1], rows[last]) else last + 1
    escaped = whole and any(may_commit(batch.text) for batch in batches)  # nobody knows how far it came
    for number, batch in enumerate(batches, 1):
        at_hand = number <= reached and not whole
        part = _part(number, batch, rows.get(number, []), at_hand=at_hand)
        if escaped and part.ended != "from-ledger":
            part.colour, part.ended = "unknown", "broken-off"
        yield part


def _part(number: int, batch: Batch, colours: list[str], *, at_hand: bool) -> Part:
    """`at_hand`: it may have been sent, so without its row it is known only if it ran in a transaction of ours."""
    part = Part(number=number, batch=batch, done=colours.count("green"), looked=True)
    if _is_full(batch, colours):
        part.colour, part.ended = colours[-1], "from-ledger"
    elif at_hand and not is_atomic(batch.text):
        part.colour, part.ended = "unknown", "broken-off"
    else:  # some of its times took effect, the others did not
        part.colour, part.ended = "red" if part.done else "grey", "rolled-back" if at_hand else ""
    return part


def _is_full(batch: Batch, colours: list[str]) -> bool:
    """Every time of it has its row, or one that was red ended it."""
    return len(colours) == batch.times or "red" in colours
