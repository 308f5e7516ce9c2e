"""A host of the emulation, and a driver that starts commands on it and waits for their end."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from executors.winrm_script import COMMAND_LINE
from lab.host import Effect, Host, HostSpec, Ledger, Timing
from lab.host.console import Console
from lab.host.services import State
from lab.machine import Chunk
from playbooks.scripts import load

DEADLINE_S = 20.0
FACTS = "@@yunwei:facts "
QUICK = Timing.of_restart(0.05)


@dataclass
class Run:
    """An ended command."""

    code: int
    chunks: list[Chunk]
    encoding: str = "utf-8"

    @property
    def out(self) -> str:
        return self._text("stdout")

    @property
    def err(self) -> str:
        return self._text("stderr")

    @property
    def facts(self) -> dict[str, Any]:
        last = self.out.rstrip().splitlines()[-1]
        assert last.startswith(FACTS), self.out + self.err
        return dict(json.loads(last.removeprefix(FACTS)))

    @property
    def pid_line(self) -> dict[str, Any]:
        return dict(json.loads(self.out.splitlines()[0].removeprefix("@@yunwei:pid ")))

    def _text(self, stream: str) -> str:
        return b"".join(chunk.data for chunk in self.chunks if chunk.stream == stream).decode(self.encoding)


@dataclass
class Driver:
    """Starts commands on one host as the WinRM server would."""

    host: Host
    user: str = "LAB\\yunwei"
    seen: list[Chunk] = field(default_factory=list)

    def begin(self, line: str, *, codepage: int = 65001, skip: bool = False, **environment: str) -> Console:
        return self.host.start(
            line, user=self.user, codepage=codepage, skip_cmd_shell=skip, environment=environment, folder="C:\\Temp"
        )

    def run(self, line: str, *, codepage: int = 65001, encoding: str = "utf-8", **more: Any) -> Run:
        return self.end(self.begin(line, codepage=codepage, **more), encoding)

    def end(self, console: Console, encoding: str = "utf-8") -> Run:
        chunks: list[Chunk] = []
        for _ in range(10_000):
            some, code = console.read(DEADLINE_S)
            chunks += some
            if code is not None:
                return Run(code, chunks, encoding)
            assert some, "no output and no end within the deadline"
        raise AssertionError("the command never ended")

    def begin_script(self, name: str, /, **args: Any) -> Console:
        console = self.begin(COMMAND_LINE)
        console.write(json.dumps({"script": load(name), "args": args}).encode("ascii"), end=True)
        return console

    def script(self, name: str, /, **args: Any) -> Run:
        return self.end(self.begin_script(name, **args))

    def begin_restart(self, token: str, **more: Any) -> Console:
        asked = {"job": 7, "epoch": 1, "mode": "iisreset", "pools": ["K3Cloud"], "timeout_s": 60}
        return self.begin_script("iis_restart", **{"token": token, **asked, **more})

    def restart(self, token: str, **more: Any) -> Run:
        return self.end(self.begin_restart(token, **more))

    def look(self, token: str | None = None, **more: Any) -> dict[str, Any]:
        asked = {"token": token, "seal": None, "sql": None}
        return self.script("iis_look", **{**asked, **more}).facts

    def until(self, holds: Callable[[], bool]) -> None:
        with self.host.changed:
            assert self.host.changed.wait_for(holds, DEADLINE_S), "it did not happen within the deadline"

    def until_web(self, state: State) -> None:
        self.until(lambda: self.host.services.state("W3SVC") is state)

    def effects(self, kind: str | None = None) -> list[Effect]:
        return [effect for effect in self.host.ledger.after() if kind in (None, effect.kind)]

    def get(self, path: str = "/K3Cloud/", host: str = "127.0.0.1") -> int:
        """The status of the site, or 0 when it refuses the connection."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.host.site_port}{path}", headers={"Host": host})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        try:
            with opener.open(request, timeout=DEADLINE_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                return 0
            raise


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@pytest.fixture
def drivers() -> Iterator[Callable[..., Driver]]:
    """Makes hosts; closes them at the end."""
    made: list[Host] = []

    def make(**spec: Any) -> Driver:
        settings = {"name": "APP1", "accounts": {"yunwei": "pw"}, "timing": QUICK, **spec}
        made.append(Host(HostSpec(**settings), Ledger()))
        return Driver(made[-1])

    yield make
    for host in made:
        host.close()


@pytest.fixture(params=["en-US", "zh-CN"])
def driver(request: pytest.FixtureRequest, drivers: Callable[..., Driver]) -> Driver:
    """One host, in each language."""
    return drivers(os_lang=request.param)
