"""Carry an app over HTTP: uvicorn in a thread of its own, on a socket that we bind ourselves."""

import socket
import threading
from typing import Final

import uvicorn
from fastapi import FastAPI

from domain.errors import Fault, Mistake
from domain.text import Text
from portal.stream import Tail

BACKLOG: Final = 2048
START_S: Final = 30.0


class Served:
    """A running server. `port` is the one that it really listens on."""

    def __init__(self, server: "_Server", thread: threading.Thread, host: str, port: int, grace_s: float) -> None:
        self._server = server
        self._thread = thread
        self._grace_s = grace_s
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def is_up(self) -> bool:
        return self._thread.is_alive() and self._server.started

    def stop(self) -> bool:
        """End the streams, let running answers end within the grace, close. True if all is closed. Safe to repeat."""
        self._server.should_exit = True
        self._thread.join(self._grace_s + 5.0)
        return not self._thread.is_alive()


class _Server(uvicorn.Server):
    """Tells when it listens, and ends the streams when it is asked to stop: they would keep it waiting."""

    def __init__(self, config: uvicorn.Config, tail: Tail) -> None:
        super().__init__(config)
        self._tail = tail
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._tail.close()
        await super().shutdown(sockets)


def serve(app: FastAPI, host: str, port: int, *, grace_s: float = 5.0) -> Served:
    """Serve `app` from now on; port 0 takes a free one. Raises Mistake if the address cannot be had.

    Nothing of a request is logged here: its headers hold tokens.
    """
    bound = _bind(host, port)
    server = _Server(_config(app, grace_s), app.state.tail)
    thread = threading.Thread(target=server.run, args=([bound],), name="portal", daemon=True)
    thread.start()
    if not server.listening.wait(START_S):
        raise RuntimeError("the HTTP server did not start")
    return Served(server, thread, host, bound.getsockname()[1], grace_s)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        zh, en = f"无法监听 {host}:{port}：{error}", f"Cannot listen on {host}:{port}: {error}; choose another port"
        raise Mistake(Text(zh, en), (Fault("port", Text(zh, en)),)) from error


def _config(app: FastAPI, grace_s: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        loop="auto",  # uvloop where it is installed: twice the submits a second
        http="h11",  # strict, and its limits can be set
        ws="none",
        lifespan="off",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=max(1, round(grace_s)),
        h11_max_incomplete_event_size=64 * 1024,
    )
