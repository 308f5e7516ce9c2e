"""The fault switch and the ledger of the mail server: what goes wrong on purpose, and what was really taken."""

import threading
from dataclasses import dataclass
from typing import Literal


@dataclass(kw_only=True)
class Fault:
    """Befalls the next `times` commands called `at` (EHLO, MAIL, RCPT, DATA, END: the dot, …).

    answer: say `says` instead of doing it. hang: say nothing until the server closes or `Switch.release`; hang-after:
    the same, once it is done. cut: close before it is done; cut-after: do it, and close without an answer. trickle: an
    answer without an end.
    """

    kind: Literal["answer", "hang", "hang-after", "cut", "cut-after", "trickle"]
    at: str
    says: str = ""
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A mail that the server has taken, whoever heard of it."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    encrypted: bool
    user: str


class Switch:
    """Armed faults, the mails taken, the commands heard; all of one server."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self._taken: list[Taken] = []
        self._armed: list[Fault] = []
        self._news = threading.Condition()
        self._released = threading.Event()

    def arm(self, *faults: Fault) -> None:
        with self._news:
            self._armed += faults

    def due(self, command: str) -> Fault | None:
        """The fault for this command, used up by it."""
        with self._news:
            self.commands.append(command)
            self._news.notify_all()
            for fault in self._armed:
                if fault.at == command and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def take(self, mail: Taken) -> None:
        with self._news:
            self._taken.append(mail)
            self._news.notify_all()

    @property
    def taken(self) -> list[Taken]:
        with self._news:
            return list(self._taken)

    def wait_for(self, mails: int, wait_s: float = 30.0) -> list[Taken]:
        """The mails, once there are so many. Raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(lambda: len(self._taken) >= mails, wait_s):
                raise TimeoutError(f"{len(self._taken)} mails came, {mails} were awaited")
            return list(self._taken)

    def wait_for_command(self, command: str, wait_s: float = 30.0) -> None:
        """Returns once somebody has said this. Raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(lambda: command in self.commands, wait_s):
                raise TimeoutError(f"nobody said {command}")

    def hang(self) -> None:
        self._released.wait(600)

    def release(self) -> None:
        """Whoever hangs goes on."""
        self._released.set()
