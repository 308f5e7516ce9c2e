"""A deployment of its own for each test: a home, an estate, accounts, and the command line to use them."""

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ESTATE = """\
estate: 1
tenants:
  - name: ledger-test
    title: 账套测试
    zone: Asia/Shanghai
    standing: formal
    environments:
      - {name: prod, title: 正式环境, kind: production, entitlements: [dedicated-vip], app_hosts: [HOST]}
      - {name: shared, title: 共享环境, kind: production, app_hosts: [HOST]}
  - name: other
    title: 其他租户
    zone: America/New_York
    standing: formal
    environments:
      - {name: prod, title: 正式环境, kind: production, entitlements: [dedicated-vip], app_hosts: [HOST]}
policies:
  closed_windows: WINDOWS
""".replace(
    "HOST",
    "{name: app1, address: 127.0.0.1, site_port: 1, winrm: {port: 1, transport: ntlm, tls: false,"
    " user: yunwei, password: 'env:NOWHERE'}}",
)
DEADLINE_S = 180.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The JSON of standard output; there is exactly one document."""
        answer: dict[str, Any] = json.loads(self.out)
        return answer

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """`run` calls the command within this process; `start` as a process of its own."""

    home: Path
    estate: Path
    run: Callable[..., Answer]

    @property
    def environment(self) -> dict[str, str]:
        return {"YUNWEI_HOME": str(self.home), "YUNWEI_ESTATE": str(self.estate)}


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Deployment]:
    """No closed window, no accounts, English."""
    import cli

    estate = tmp_path / "estate.yml"
    estate.write_text(ESTATE.replace("WINDOWS", "[]"), encoding="utf-8")
    deployment = Deployment(home=tmp_path / "home", estate=estate, run=lambda *a: _called(cli.main, capsys, a))
    for name in [n for n in os.environ if n.startswith("YUNWEI_")]:
        monkeypatch.delenv(name)
    for name, value in {**deployment.environment, "YUNWEI_LANG": "en"}.items():
        monkeypatch.setenv(name, value)
    yield deployment
    log = logging.getLogger("yunwei")
    log.handlers, log.propagate = [], True
    log.setLevel(logging.NOTSET)


def _called(main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> Answer:
    capsys.readouterr()
    code = main(list(words))
    out, err = capsys.readouterr()
    return Answer(code=code, out=out, err=err)


@pytest.fixture
def site(bare: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """With alice (who asks), otto (another tenant's) and olga (the provider's operator)."""
    for words in (
        ("alice", "--tenant", "ledger-test", "--role", "enterprise-admin"),
        ("otto", "--tenant", "other", "--role", "it-ops"),
        ("olga", "--role", "operator"),
    ):
        assert bare.run("user", "add", *words).code == 0
    monkeypatch.setenv("YUNWEI_USER", "alice")
    return bare


@pytest.fixture
def guarded(site: Deployment) -> Deployment:
    """With the handbook's closed window, 00:00 to 03:30."""
    site.estate.write_text(ESTATE.replace("WINDOWS", '[{from: "00:00", to: "03:30"}]'), encoding="utf-8")
    return site


class Process:
    """`yunwei …` as a process of its own; `line` waits for its next line of output."""

    def __init__(self, environment: dict[str, str], words: tuple[str, ...], cwd: Path) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("YUNWEI_")}
        self._errors = (cwd / "stderr.txt").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**clean, "YUNWEI_LANG": "en", **environment},
            cwd=cwd,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def line(self) -> str:
        return self._lines.get(timeout=DEADLINE_S)

    def rest(self) -> Iterator[str]:
        """The lines that nobody has waited for."""
        while not self._lines.empty():
            yield self._lines.get_nowait()

    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.line())
        return answer

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """The exit code, once it has ended by itself."""
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        self._errors.close()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            stream.close()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start `yunwei …` with an environment; whatever still runs at the end of the test is killed."""
    started: list[Process] = []

    def begin(environment: dict[str, str], *words: str) -> Process:
        started.append(Process(environment, words, tmp_path))
        return started[-1]

    yield begin
    for process in started:
        process.close()
