"""`yunwei demo`: everything at once, at any time of day, and nothing left behind."""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.demo_stage import window_for
from domain.rulebook import ClosedWindow

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.timeout(400)
@pytest.mark.req("CARD-6", "IIS-1", "IIS-2", "INT-11")
def test_the_demo_restarts_each_server_once_and_proves_it(start: Callable[..., Any], tmp_path: Path) -> None:
    demo = start({}, "demo", "--once", "--json", "--in", "2s", "--home", str(tmp_path / "demo"))
    code = demo.end()
    last = _last(demo)
    assert code == 0, last
    assert last["held"] is True
    assert [e["host"] for e in last["effects"] if e["kind"] == "iisreset"] == ["APP1", "APP2"]
    assert last["start_skew_ms"] >= 0
    assert len(last["checks"]) == 14
    assert _nothing_runs(tmp_path / "demo")


@pytest.mark.timeout(400)
def test_the_demo_works_at_night_stays_up_until_it_is_interrupted_and_leaves_nothing_behind(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    """By its clock, twice as fast as ours, it is one in the morning: inside the handbook's closed window."""
    words = ("--in", "1s", "--home", str(tmp_path / "demo"), "--lang", "zh", "--clock", _twice_as_fast_at_one())
    demo = start({}, "demo", *words)
    shown = ""
    while "Ctrl-C" not in shown:
        shown += demo.line()
    for words in (
        "YUNWEI_TOKEN=yw_",
        "request submit iis-restart ledger-test/shared",
        "curl",
        "开始偏差",
        "为使演示此刻可运行而选",
    ):
        assert words in shown
    url = urlsplit(shown.split("门户 ")[1].split("，")[0])
    assert _listens(url.port or 0)
    demo.tell(signal.SIGINT)
    assert demo.end() == 0
    assert not _listens(url.port or 0)
    assert _nothing_runs(tmp_path / "demo")


@pytest.mark.timeout(400)
def test_the_children_of_a_killed_demo_end_by_themselves(start: Callable[..., Any], tmp_path: Path) -> None:
    demo = start({}, "demo", "--in", "1h", "--home", str(tmp_path / "demo"))
    shown = ""
    while "Portal http" not in shown:
        shown += demo.line()
    url = urlsplit(shown.split("Portal ")[1].split(",")[0])
    demo.tell(signal.SIGKILL)
    assert demo.end() == -signal.SIGKILL
    assert _within_deadline(lambda: not _listens(url.port or 0))
    assert _within_deadline(lambda: _nothing_runs(tmp_path / "demo"))


def test_a_span_that_is_none_is_refused_before_anything_starts(start: Callable[..., Any], tmp_path: Path) -> None:
    demo = start({}, "demo", "--in", "soon", "--home", str(tmp_path / "demo"))
    assert demo.end() == 2
    assert not (tmp_path / "demo").exists()


@given(minute=st.integers(0, 24 * 60 - 1), speed=st.sampled_from([1.0, 60.0]))
def test_the_demos_window_is_open_now_and_for_as_long_as_the_demo_takes(minute: int, speed: float) -> None:
    now = DAY + timedelta(minutes=minute)
    window = window_for(now, SHANGHAI, speed, 2)
    closed = ClosedWindow(starts=_wall(window.starts), ends=_wall(window.ends))
    for ahead in range(int(120 * speed // 60) + 8):
        assert not closed.holds((now + timedelta(minutes=ahead)).astimezone(SHANGHAI).time())
    assert closed.holds(_wall(window.within))


def _twice_as_fast_at_one() -> str:
    """A clock of speed 2 that shows 01:00 in Shanghai about now: origin + 2 × (now - origin) = 01:00."""
    now = datetime.now(SHANGHAI)
    one = now.replace(hour=1, minute=0, second=0, microsecond=0)
    return f"2x@{(now - (one - now)).isoformat()}"


def _wall(word: str) -> Any:
    return datetime.strptime(word, "%H:%M").replace(tzinfo=UTC).time()


def _last(demo: Any) -> dict[str, Any]:
    """The last line of standard output, once it has ended."""
    demo.close()
    lines = list(demo.rest())
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def _nothing_runs(below: Path) -> bool:
    """No port of the lab in this folder still listens."""
    (folder,) = below.iterdir()
    lab = json.loads((folder / "lab" / "lab.json").read_text(encoding="utf-8"))
    ports = [lab["control_port"], *(p for h in lab["hosts"].values() for p in h.values())]
    return not any(_listens(port) for port in ports)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _within_deadline(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        threading.Event().wait(0.1)
    return False
