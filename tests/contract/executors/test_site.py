"""A site that is down, slow or strange is a fact; only a stop request is an error."""

import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from domain.command import Pause, SiteProbe
from domain.errors import Stopped
from domain.places import Host, WinRM
from domain.secret import SecretRef
from executors.site import SiteExecutor


class Site:
    """A web server that answers what a list says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.seen: list[tuple[str, str | None]] = []
        self.release = threading.Event()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.seen.append((self.path, self.headers["Host"]))
                site.answer(self, site.answers.pop(0) if site.answers else 200)

            def log_message(self, *args: object) -> None:
                """Silence."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def answer(self, handler: http.server.BaseHTTPRequestHandler, what: Any) -> None:
        if what == "hang":
            self.release.wait(10)
        if what in ("hang", "cut"):
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        endless = what == "endless"
        handler.send_response(200 if endless else what)
        handler.send_header("Location", "http://127.0.0.1:1/elsewhere")
        handler.send_header("Content-Length", str(10**9) if endless else "2")
        handler.end_headers()
        handler.wfile.write(b"x" * 200_000 if endless else b"ok")


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.release.set()
    site.server.shutdown()
    site.thread.join()
    site.server.server_close()


def executor(port: int, request_s: float = 5.0) -> SiteExecutor:
    winrm = WinRM(port=1, transport="ntlm", tls=False, user="u", password=SecretRef("env", "P"))
    host = Host(name="app1", path="acme/prod/app1", address="127.0.0.1", site_port=port, winrm=winrm)
    return SiteExecutor(lambda _: host, request_s)


PROBE = SiteProbe(host="acme/prod/app1", path="/K3Cloud/", host_header="erp.acme.example", times=2)


@pytest.mark.req("IIS-2")
def test_a_site_is_asked_under_its_own_name_as_often_as_the_probe_says(site: Site, watcher: Any) -> None:
    facts = executor(site.server.server_port).run(PROBE, watcher()).facts
    assert (facts["statuses"], facts["ok"], facts["error"]) == ([200, 200], True, None)
    assert len(facts["seconds"]) == 2
    assert site.seen == [("/K3Cloud/", "erp.acme.example")] * 2


def test_a_redirect_is_an_answer_and_is_not_followed(site: Site, watcher: Any) -> None:
    site.answers = [302, 302]
    facts = executor(site.server.server_port).run(PROBE, watcher()).facts
    assert (facts["statuses"], facts["ok"]) == ([302, 302], True)
    assert len(site.seen) == 2


@pytest.mark.req("IIS-2")
def test_one_wrong_answer_of_two_is_not_ok(site: Site, watcher: Any) -> None:
    site.answers = [200, 503]
    facts = executor(site.server.server_port).run(PROBE, watcher()).facts
    assert (facts["statuses"], facts["ok"], facts["error"]) == ([200, 503], False, None)


@pytest.mark.parametrize(("answer", "error"), [("cut", "cut"), ("hang", "timed-out")])
def test_a_site_that_breaks_off_or_hangs_is_a_fact(site: Site, watcher: Any, answer: str, error: str) -> None:
    site.answers = [200, answer]
    facts = executor(site.server.server_port, request_s=0.3).run(PROBE, watcher()).facts
    assert (facts["statuses"], facts["ok"], facts["error"]) == ([200], False, error)


def test_a_closed_port_is_a_fact(watcher: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    facts = executor(port).run(PROBE, watcher()).facts
    assert (facts["statuses"], facts["ok"], facts["error"]) == ([], False, "refused")


def test_a_body_without_end_is_read_only_so_far(site: Site, watcher: Any) -> None:
    site.answers = ["endless", "endless"]
    assert executor(site.server.server_port).run(PROBE, watcher()).facts["ok"] is True


def test_a_probe_whose_time_is_over_says_so(site: Site, watcher: Any) -> None:
    facts = executor(site.server.server_port).run(PROBE, watcher(timeout_s=0.0)).facts
    assert (facts["statuses"], facts["ok"], facts["error"]) == ([], False, "timed-out")


def test_a_stop_request_ends_the_probe(site: Site, watcher: Any) -> None:
    call = watcher()
    call.stop()
    with pytest.raises(Stopped):
        executor(site.server.server_port).run(PROBE, call)
    assert site.seen == []


def test_a_command_of_another_wire_is_not_carried(site: Site, watcher: Any) -> None:
    with pytest.raises(TypeError):
        executor(site.server.server_port).run(Pause(seconds=1), watcher())
