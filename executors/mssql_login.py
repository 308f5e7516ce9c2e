"""How a session of python-tds comes about, or why none does.

It also speaks for pymssql, which keeps what it hears at sign-in in variables of the whole process and never clears
them: of a second failed login it tells the number of the first, and none of the server's words.
"""

import logging
import socket
import time
from typing import Any, Final

import pytds
from pytds.tds_base import Error as DriverError

from domain.errors import Trouble
from domain.secret import mask
from executors.mssql_address import Address
from executors.mssql_socket import WatchedSocket
from executors.mssql_tls import ANY, TlsError
from executors.mssql_trouble import NO_ANSWER, at_login

LOGIN_S: Final = 15
_PAUSE_S: Final = 1  # what python-tds takes for the time of an attempt: it sleeps through the rest of a failed one

logging.getLogger("pytds").setLevel(logging.WARNING)  # at INFO it writes the text of statements


def signed_in(address: Address, program: str, database: str) -> tuple[Any, WatchedSocket]:
    """A connection and its socket; nothing watches the socket yet. Raises Unreachable or Denied: nobody was let in."""
    watched = _reached(address)
    try:
        connection = _connected(address, program, database, watched)
    except (OSError, DriverError) as error:
        watched.close()
        why = error.__cause__ or error  # the driver calls most failures a timeout
        number = getattr(why, "msg_no", 0) or min(NO_ANSWER)
        raise at_login(address.host, number, [mask(str(why), (address.password,))]) from None
    except TlsError as error:
        watched.close()
        raise at_login(address.host, min(NO_ANSWER), [f"TLS: {error}"]) from error
    watched.waiting = _nothing
    return connection, watched


def refusal(address: Address, program: str, database: str, text: str) -> Trouble:
    """Why pymssql was not let in: what a second attempt is told, which leaves as soon as it is in."""
    try:
        connection, watched = signed_in(address, program, database)
    except Trouble as trouble:
        return trouble
    connection.close()
    watched.close()
    return at_login(address.host, min(NO_ANSWER), [mask(text, (address.password,))])  # it passed: to be tried again


def _reached(address: Address) -> WatchedSocket:
    try:
        return WatchedSocket(socket.create_connection((address.name, address.port), LOGIN_S))
    except OSError as error:
        raise at_login(address.host, min(NO_ANSWER), [error.strerror or str(error)]) from error


def _connected(address: Address, program: str, database: str, watched: WatchedSocket) -> Any:
    until_s = time.monotonic() + LOGIN_S

    def waiting() -> None:
        if time.monotonic() >= until_s:
            raise TimeoutError(f"no answer to the login within {LOGIN_S} s")

    watched.waiting = waiting  # the driver's own limit does not reach the socket
    return pytds.connect(
        address.name,
        database,
        address.user,
        address.password.open(),
        port=address.port,
        sock=watched,
        appname=program[:128],
        autocommit=True,
        login_timeout=_PAUSE_S,
        disable_connect_retry=True,
        cafile=address.authorities or ANY,
        validate_host=address.authorities is not None,
        enc_login_only=address.encryption != "required",
    )


def _nothing() -> None:
    """Nothing is waited for."""
