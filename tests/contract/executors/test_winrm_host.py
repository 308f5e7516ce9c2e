"""Our own scripts, over the real wire, on the lab's Windows host: its ledger says what really happened."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.command import PowerShell, SiteProbe
from domain.errors import Denied, Severed, Stopped
from domain.places import Host, WinRM
from domain.secret import Secret, SecretRef
from executors.site import SiteExecutor
from executors.winrm import WinRMExecutor
from lab.host import Host as Windows
from lab.host import HostSpec, Ledger, Timing
from lab.winrm import WinRMServer
from playbooks.scripts import load

RESTART = {"token": "job-7-app1", "job": 7, "epoch": 1, "mode": "iisreset", "pools": ["K3Cloud"], "timeout_s": 20}


class Estate:
    """One host with everything in front of it."""

    def __init__(self, os_lang: Any, limits: Any) -> None:
        self.ledger = Ledger()
        spec = HostSpec(name="APP1", accounts={"ops": "secret"}, os_lang=os_lang, timing=Timing.of_restart(0.4))
        self.windows = Windows(spec, self.ledger)
        self.server = WinRMServer(self.windows)
        self.windows.on_reboot.append(self.server.power_off)
        self.server.start()
        winrm = WinRM(port=self.server.port, transport="ntlm", tls=False, user="ops", password=SecretRef("env", "P"))
        self.host = Host(
            name="app1", path="acme/prod/app1", address="127.0.0.1", site_port=self.windows.site_port, winrm=winrm
        )
        self.executor = WinRMExecutor(
            lambda _: self.host, lambda _: Secret("secret"), stop_tree=load("stop_tree"), limits=limits
        )

    def run(self, name: str, args: dict[str, Any], call: Any) -> dict[str, Any]:
        command = PowerShell(host=self.host.path, script=load(name), args=args)
        return dict(self.executor.run(command, call).facts)

    def kinds(self) -> list[str]:
        return [effect.kind for effect in self.ledger.after()]

    def close(self) -> None:
        self.executor.close()
        self.server.stop()
        self.windows.close()


@pytest.fixture
def estate(quick: Any) -> Iterator[Callable[..., Estate]]:
    opened: list[Estate] = []

    def start(os_lang: str = "zh-CN") -> Estate:
        opened.append(Estate(os_lang, replace(quick, slack_s=2)))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


@pytest.mark.req("IIS-2", "CARD-3")
@pytest.mark.parametrize("os_lang", ["zh-CN", "en-US"])
def test_iis_is_restarted_once_and_a_second_call_with_the_token_changes_nothing(
    estate: Any, watcher: Any, os_lang: str
) -> None:
    at = estate(os_lang)
    before = at.run("iis_look", {"token": RESTART["token"], "seal": None, "since": None, "sql": None}, watcher())
    call = watcher()
    assert at.run("iis_restart", RESTART, call)["acted"] is True
    effects = at.kinds()
    assert at.run("iis_restart", RESTART, watcher())["acted"] is False
    assert at.kinds() == effects
    after = at.run("iis_look", {"token": RESTART["token"], "seal": None, "since": None, "sql": None}, watcher())
    assert (before["phase"], after["phase"]) == ("none", "ended")
    assert after["services"]["W3SVC"]["state"] == 4
    assert ("stdout", f"begun {RESTART['token']}") in call.said


@pytest.mark.req("CORE-1", "CORE-3")
def test_a_run_that_a_person_ordered_forbids_the_one_before_it(estate: Any, watcher: Any) -> None:
    """A frozen worker wakes up and sends what it was about to: nobody had been able to seal that run."""
    at = estate()
    again = {**RESTART, "token": "job-7-again", "epoch": 3, "earlier": [RESTART["token"]]}
    assert at.run("iis_restart", again, watcher())["acted"] is True
    effects = at.kinds()
    late = at.run("iis_restart", RESTART, watcher())
    assert (late["acted"], late["marker"]["phase"], late["marker"]["epoch"]) == (False, "void", 3)
    assert at.kinds() == effects


@pytest.mark.req("IIS-2")
def test_the_site_answers_through_the_probe_after_the_restart(estate: Any, watcher: Any) -> None:
    at = estate()
    at.run("iis_restart", RESTART, watcher())
    probe = SiteProbe(host=at.host.path, path="/K3Cloud/", host_header="erp.acme.example", times=2)
    facts = SiteExecutor(lambda _: at.host).run(probe, watcher()).facts
    assert facts["ok"] is True
    assert len(facts["statuses"]) == 2


@pytest.mark.req("CORE-6")
def test_a_cancelled_restart_is_ended_on_the_host_and_seen_to_be_gone(estate: Any, watcher: Any) -> None:
    at, call = estate(), watcher()
    at.windows.faults.ask("hang", match="iisreset")
    call.on_line = lambda line: call.stop() if line.startswith("begun") else None
    with pytest.raises(Stopped):
        at.run("iis_restart", RESTART, call)
    look = at.run("iis_look", {"token": RESTART["token"], "seal": None, "since": None, "sql": None}, watcher())
    assert (look["phase"], look["alive"]) == ("begun", False)


@pytest.mark.req("CORE-1")
def test_a_reboot_under_the_restart_leaves_the_outcome_unknown_and_the_marker_to_read(
    estate: Any, watcher: Any
) -> None:
    at, call = estate(), watcher()
    at.windows.faults.ask("hang", match="iisreset")
    call.on_line = lambda line: at.windows.reboot(0.3) if line.startswith("begun") else None
    with pytest.raises(Severed):
        at.run("iis_restart", RESTART, call)
    assert at.windows.wait_up(10)
    look = at.run("iis_look", {"token": RESTART["token"], "seal": None, "since": None, "sql": None}, watcher())
    assert (look["phase"], look["alive"]) == ("begun", False)


def test_a_host_that_lets_this_account_start_nothing_is_denied(estate: Any, watcher: Any) -> None:
    at = estate()
    at.windows.faults.ask("access_denied", what="command")
    with pytest.raises(Denied):
        at.run("iis_restart", RESTART, watcher())
    assert "iisreset" not in at.kinds()
