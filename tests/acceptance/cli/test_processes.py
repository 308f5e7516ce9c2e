"""What stays up: worker, portal, both together. They end when told, and leave nothing behind."""

import signal
import socket
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest


def _answers(url: str) -> int:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as answer:
        return int(answer.status)


def _is_closed(url: str) -> bool:
    where = urlsplit(url)
    assert where.hostname
    assert where.port
    with socket.socket() as probe:
        return probe.connect_ex((where.hostname, where.port)) != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_registers_and_says_goodbye_when_told(site: Any, start: Callable[..., Any], number: Any) -> None:
    worker = start(site.environment, "worker", "--json")
    worker_id = worker.json()["worker"]
    (row,) = site.run("worker", "list", "--json").data["items"]
    assert row["id"] == worker_id
    assert site.run("worker", "pause", worker_id, "--json").data == {"worker": worker_id, "paused": True, "count": 1}
    assert site.run("worker", "list").out.strip().endswith("True")
    assert site.run("worker", "resume", "all").code == 0
    worker.tell(number)
    assert worker.end() == 0
    assert site.run("worker", "list", "--json").data["items"] == []


def test_up_serves_the_api_and_works_until_it_is_told_to_stop(site: Any, start: Callable[..., Any]) -> None:
    up = start(site.environment, "up", "--port", "0", "--json")
    ready = up.json()
    assert set(ready) == {"portal", "worker"}
    assert _answers(ready["portal"] + "/healthz") == 200
    assert len(site.run("worker", "list", "--json").data["items"]) == 1
    up.tell(signal.SIGTERM)
    assert up.end() == 0
    assert _is_closed(ready["portal"])


def test_a_portal_alone_has_no_worker(site: Any, start: Callable[..., Any]) -> None:
    portal = start(site.environment, "portal", "--port", "0", "--json")
    url = portal.json()["portal"]
    assert _answers(url + "/healthz") == 200
    assert site.run("worker", "list", "--json").data["items"] == []
    portal.tell(signal.SIGTERM)
    assert portal.end() == 0


def test_a_child_does_not_outlive_who_started_it(site: Any, start: Callable[..., Any]) -> None:
    up = start(site.environment, "up", "--port", "0", "--json", "--with-parent")
    url = up.json()["portal"]
    up.process.stdin.close()
    assert up.end() == 0
    assert _is_closed(url)


def test_a_port_that_is_taken_is_a_mistake_that_says_so(site: Any, start: Callable[..., Any], tmp_path: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        up = start(site.environment, "portal", "--port", str(taken.getsockname()[1]))
        assert up.end() == 2
    assert "another port" in (tmp_path / "stderr.txt").read_text(encoding="utf-8")


def test_a_wrong_estate_stops_the_start_with_every_mistake(site: Any, start: Callable[..., Any], tmp_path: Any) -> None:
    text = site.estate.read_text(encoding="utf-8").replace("formal", "forml").replace("Shanghai", "Shanghi")
    site.estate.write_text(text, encoding="utf-8")
    assert start(site.environment, "up", "--port", "0").end() == 2
    told = (tmp_path / "stderr.txt").read_text(encoding="utf-8")
    for path in ("tenants[0].standing", "tenants[1].standing", "tenants[0].zone"):
        assert path in told
    assert "Traceback" not in told


def test_the_feed_follows_live(site: Any, start: Callable[..., Any]) -> None:
    feed = start({**site.environment, "YUNWEI_USER": "olga"}, "events", "--follow", "--after", "3", "--json")
    assert site.run("user", "add", "late", "--role", "operator").code == 0
    event = feed.json()
    assert (event["seq"], event["kind"], event["facts"]["name"]) == (4, "user-changed", "late")
    feed.tell(signal.SIGINT)
    assert feed.end() == 0
