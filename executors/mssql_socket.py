"""A socket whose waiting is watched: python-tds blocks in `recv`, and a stop or a deadline must reach it there."""

import select
import socket
from collections.abc import Callable
from typing import Final

TICK_S: Final = 0.1
KEEPALIVE: Final = ((socket.SOL_SOCKET, "SO_KEEPALIVE", 1), (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 30),
                    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 10), (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3))  # fmt: skip


class WatchedSocket:
    """Looks like a socket to python-tds. While nothing comes, `waiting` is called every tenth of a second.

    `waiting` may send (an attention) or raise (the wire is given up). It is called between two reads only, never in the
    middle of one, so that what was read is never lost; under TLS no call of OpenSSL is open then.
    """

    def __init__(self, plain: socket.socket) -> None:
        self._plain = plain
        self.waiting: Callable[[], None] = lambda: None
        for level, option, value in KEEPALIVE:
            if hasattr(socket, option):  # not every system has them all
                plain.setsockopt(level, getattr(socket, option), value)

    def recv(self, size: int, flags: int = 0) -> bytes:
        self._wait()
        return self._plain.recv(size, flags)

    def recv_into(self, buffer: memoryview | bytearray, size: int = 0, flags: int = 0) -> int:
        self._wait()
        return self._plain.recv_into(buffer, size, flags)

    def sendall(self, data: bytes, flags: int = 0) -> None:
        self._plain.sendall(data, flags)

    def send(self, data: bytes, flags: int = 0) -> int:
        return self._plain.send(data, flags)

    def settimeout(self, seconds: float | None) -> None:
        """How long a send may take. Reads are watched instead."""
        self._plain.settimeout(seconds)

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """python-tds gives SO_KEEPALIVE a time where a switch is meant; ours are set already."""

    def shutdown(self, how: int) -> None:
        self._plain.shutdown(how)

    def close(self) -> None:
        self._plain.close()

    def _wait(self) -> None:
        while not _readable(self._plain):
            self.waiting()


def _readable(plain: socket.socket) -> bool:
    """`select` knows no descriptor above 1,023; `poll` does, where there is one."""
    if not hasattr(select, "poll"):
        return bool(select.select([plain], [], [], TICK_S)[0])
    poll = select.poll()
    poll.register(plain, select.POLLIN)
    return bool(poll.poll(TICK_S * 1000))
