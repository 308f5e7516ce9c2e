"""A sender that is killed between handing over and recording: the mail comes again under the same id, none is lost."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from lab.smtp import Fault, SmtpServer
from runner.clock import SteadyClock
from runner.server_clock import server_clock
from tests.contract.messages.conftest import PASSWORD, SENDER, Post, parsed

ROOT = Path(__file__).parents[3]


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    running: list[subprocess.Popen[bytes]] = []

    def begin(url: str, mail: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "MAIL_PASSWORD": PASSWORD, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.contract.messages.crash", url, mail]
        running.append(subprocess.Popen(command, env=environment, cwd=ROOT))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.req("INT-3")
def test_a_sender_killed_before_it_recorded_sends_again_under_the_same_id(
    url: str, mail_server: Callable[..., SmtpServer], certificates: dict[str, Path], start: Callable[..., object]
) -> None:
    clock = SteadyClock(read=server_clock(url))
    post, server = Post(url, clock=clock), mail_server()  # type: ignore[arg-type]
    first, second = post.told(), post.told()
    server.switch.arm(Fault(kind="hang-after", at="END"))
    mail = (
        f"smtp://ops@127.0.0.1:{server.port}?from={quote(SENDER)}"
        f"&password=env:MAIL_PASSWORD&ca={quote(str(certificates['known_ca']))}"
    )
    victim = start(url, mail)
    server.switch.wait_for(1)
    victim.kill()  # type: ignore[attr-defined]
    victim.wait()  # type: ignore[attr-defined]
    assert {r["state"] for r in post.rows()} == {"waiting"}
    start(url, mail)
    taken = [parsed(m.data) for m in server.switch.wait_for(3)]
    post.store.close()
    ids = [m["Message-ID"] for m in taken]
    assert sorted(map(ids.count, set(ids))) == [1, 2]
    assert {m["Subject"].split("：")[0] for m in taken} == {f"运维单 {first}", f"运维单 {second}"}
