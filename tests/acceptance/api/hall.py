"""What the API's tests share: operations that need no wire, an estate of three tenants, visitors, and waiting."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx2

from domain.command import Pause
from domain.operation import Misfire, Operation, Step, Target, Traits
from domain.places import Place
from domain.text import Text
from intake.desk import Desk
from portal.app import make_app
from portal.limits import Limits
from portal.serve import Served, serve
from tests.scans import PDF


@dataclass(frozen=True, kw_only=True)
class Nap(Operation):
    """Wait a moment, on no wire."""

    name: ClassVar[str] = "nap"
    title: ClassVar[Text] = Text("小睡", "Nap")
    traits: ClassVar[Traits] = Traits(target=Target.ENVIRONMENT, takes=timedelta(minutes=1), interrupts_users=False)
    notes: ClassVar[dict[str, Text]] = {"seconds": Text("秒数", "How long")}

    seconds: float = 0.0

    def plan(self, place: Place) -> Iterator[Step]:
        yield Step(key="nap", title=Text("小睡", "Nap"), do=Pause(seconds=self.seconds), timeout_s=60)


@dataclass(frozen=True, kw_only=True)
class Favour(Nap):
    """Wait a moment, once the provider has agreed."""

    name: ClassVar[str] = "favour"
    title: ClassVar[Text] = Text("代办", "Favour")
    traits: ClassVar[Traits] = replace(Nap.traits, accepted="by-provider")


@dataclass(frozen=True, kw_only=True)
class Promise(Nap):
    """Wait a moment, exactly when promised; if late, ask a person."""

    name: ClassVar[str] = "promise"
    title: ClassVar[Text] = Text("准点", "Promise")
    traits: ClassVar[Traits] = replace(Nap.traits, misfire=Misfire.ASK, grace=timedelta(0))


def _environment() -> dict[str, Any]:
    winrm = {"port": 5985, "transport": "ntlm", "tls": False, "user": "u", "password": "env:NONE"}
    host = {"name": "app1", "address": "127.0.0.1", "site_port": 80, "winrm": winrm}
    return {
        "name": "prod",
        "title": "正式环境",
        "kind": "production",
        "entitlements": ["dedicated-vip"],
        "app_hosts": [host],
    }


FREEZE = {
    "from": "2020-01-01T00:00:00+08:00",
    "to": "2099-01-01T00:00:00+08:00",
    "reason": {"zh": "封网", "en": "frozen"},
    "tenants": ["frozen"],
}


def estate() -> dict[str, Any]:
    tenants = [
        {"name": n, "title": t, "standing": "formal", "environments": [_environment()]}
        for n, t in (("acme", "账套测试"), ("beta", "贝塔"), ("frozen", "冰封"))
    ]
    return {"estate": 1, "tenants": tenants, "policies": {"closed_windows": [], "freezes": [FREEZE]}}


ACCOUNTS: dict[str, tuple[str | None, list[str]]] = {
    "alice": ("acme", ["it-ops"]),
    "bob": ("beta", ["it-ops"]),
    "freya": ("frozen", ["it-ops"]),
    "dora": ("acme", ["data-ops"]),
    "opal": (None, ["operator"]),
}


@contextmanager
def served(desk: Desk, limits: Limits | None = None) -> Iterator[Served]:
    running = serve(make_app(desk, limits), "127.0.0.1", 0, grace_s=2.0)
    try:
        yield running
    finally:
        assert running.stop(), "the server did not stop in time"


@contextmanager
def client_of(server: Served, token: str | None, **headers: str) -> Iterator[httpx2.Client]:
    own = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx2.Client(base_url=server.url, headers={**own, **headers}, timeout=20, trust_env=False) as client:
        yield client


def wish(**changes: Any) -> dict[str, Any]:
    """A well-formed submit: a nap of acme's, an hour from now."""
    return {"operation": "nap", "place": "acme/prod", "planned_at": ahead(hours=1), **changes}


def ahead(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def asked(client: httpx2.Client, **changes: Any) -> int:
    """Submit, and answer the number."""
    response = client.post("/api/v1/requests", json=wish(**changes))
    assert response.status_code == 201, response.text
    number: int = response.json()["number"]
    return number


def in_review(client: httpx2.Client, **wish: Any) -> int:
    """Ask for a letter and hand in its scan; answer its number."""
    response = client.post("/api/v1/letters", json={"kind": "download", "reason": "r", **wish})
    assert response.status_code == 201, response.text
    number: int = response.json()["number"]
    scanned = client.post(f"/api/v1/letters/{number}/scans", params={"name": "盖章.pdf"}, content=PDF)
    assert scanned.status_code == 201, scanned.text
    return number


def paths(response: httpx2.Response) -> set[str]:
    """The paths of all mistakes of a problem document."""
    return {e["path"] for e in response.json()["errors"]}


def eventually(condition: Callable[[], Any], wait_s: float = 15.0) -> Any:
    """Wait until the condition holds, and answer what it said; fail if it does not in time."""
    deadline, tick = time.monotonic() + wait_s, threading.Event()
    while not (said := condition()):
        assert time.monotonic() < deadline, "the awaited condition did not come true in time"
        tick.wait(0.02)
    return said


def lines_until_end(response: httpx2.Response) -> Iterator[tuple[str, str]]:
    """The (id, data) of each event of a stream, until its `end` event (whose id is `end`)."""
    here: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            field, _, value = line.partition(": ")
            here[field] = value
        elif "data" in here:
            yield (here.get("id") or here["event"]), here["data"]
            if here.get("event") == "end":
                return
            here = {}


def seqs(response: httpx2.Response) -> list[int]:
    """The sequence numbers of a stream that ends."""
    return [int(i) for i, _ in lines_until_end(response) if i != "end"]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [e["kind"] for e in events]


def why_ended(data: str) -> str:
    why: str = json.loads(data)["why"]
    return why
