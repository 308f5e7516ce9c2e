"""A session for a tenant's script, over python-tds: a batch runs in it as SSMS would run it.

The one socket is watched: a stop sends an attention and waits for its acknowledgement; a wire that stays silent after
that, or past the time that is allowed, is given up.
"""

import time
from contextlib import suppress
from typing import Any, Final

from pytds.tds_base import Error as DriverError

from domain.command import Call
from domain.secret import mask
from executors.mssql_address import Address
from executors.mssql_batch import Limits, Ran, Said, run_batch
from executors.mssql_login import signed_in
from executors.mssql_tls import TlsError
from executors.mssql_trouble import severed

CANCEL_S: Final = 60.0  # how long the server may take to acknowledge: it rolls the statement back first
# As SSMS sets them (research: peers-sqlserver, 3.3). The language is fixed, so that dates mean one thing.
SETTINGS: Final = (
    "SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ANSI_NULL_DFLT_ON, ARITHABORT, CONCAT_NULL_YIELDS_NULL, "
    "QUOTED_IDENTIFIER ON; SET NUMERIC_ROUNDABORT, CURSOR_CLOSE_ON_COMMIT, IMPLICIT_TRANSACTIONS, XACT_ABORT OFF; "
    "SET TEXTSIZE 2147483647; SET ROWCOUNT 0"
)


class ScriptSession:
    """Signed in under the script's login. `hear` gets each message as it comes."""

    def __init__(self, address: Address, program: str, database: str, call: Call) -> None:
        self.address = address
        self._call = call
        self._until_s = time.monotonic() + call.timeout_s
        self._cancelled_s: float | None = None
        self._connection, self._socket = signed_in(address, program, database)
        self._tds = self._connection._tds_socket  # noqa: SLF001  a cursor loses what is read here
        self._session = self._tds.main_session
        self._socket.waiting = self._waiting

    @property
    def transaction(self) -> bool:
        """Whether a transaction is open, as the server told with its last answer."""
        return bool(self._tds.tds72_transaction)

    @property
    def stopped(self) -> bool:
        """Whether a cancel was sent, or is to be: then nothing more is sent."""
        return self._cancelled_s is not None or self._must_stop()

    def run(self, text: str, limits: Limits, hear: Any = None) -> Ran:
        """One batch, once. Raises Severed with `ran`: what came until the wire broke."""
        try:
            return run_batch(self._session, text, limits, hear or _nobody)
        except (OSError, DriverError) as error:
            trouble = severed(self.address.host, "batch", mask(str(error), (self.address.password,)))
            trouble.ran = getattr(error, "ran", None)  # type: ignore[attr-defined]  # what took effect is told by it
            raise trouble from error

    def close(self) -> None:
        """End the session. What the wire has to say to that is nobody's trouble any more."""
        self._socket.waiting = _nothing
        with suppress(TlsError, OSError, DriverError):
            self._connection.close()
        self._socket.close()

    def __enter__(self) -> "ScriptSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _must_stop(self) -> bool:
        return self._call.stop_asked() or time.monotonic() >= self._until_s

    def _waiting(self) -> None:
        """Called while the server says nothing."""
        now_s = time.monotonic()
        if self._cancelled_s is None:
            if self._must_stop():
                self._cancelled_s = now_s
                self._session.put_cancel()
        elif now_s - self._cancelled_s >= CANCEL_S:
            raise TimeoutError(f"no acknowledgement of the cancel within {CANCEL_S:.0f} s")


def _nobody(_said: Said) -> None:
    """Nobody listens."""


def _nothing() -> None:
    """Nothing is waited for any more."""
