"""What happened, as it happens: pages, server-sent events that resume, and the feed of everything."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import pytest

from domain.event import Event, Kind
from intake.desk import Desk
from intake.people import revoke_token
from portal import stream
from portal.limits import Limits
from portal.serve import Served
from runner.worker import Worker
from tests.acceptance.api.hall import (
    ahead,
    asked,
    client_of,
    eventually,
    kinds,
    lines_until_end,
    seqs,
    served,
    why_ended,
)

REQUESTS = "/api/v1/requests"
SSE = {"Accept": "text/event-stream"}


@contextmanager
def _watching(client: httpx2.Client, path: str, **headers: str) -> Iterator[httpx2.Response]:
    with client.stream("GET", path, headers={**SSE, **headers}) as response:
        assert response.status_code == 200
        yield response


def _say(desk: Desk, number: int, times: int) -> None:
    """Append lines of output to a job, in one transaction each."""
    for n in range(times):
        facts = {"line": n}
        at = desk.store.clock.now()
        event = Event(kind=Kind.OUTPUT, at=at, job=number, tenant="acme", facts=facts)
        desk.store.write(lambda tx, event=event: tx.append(event))  # type: ignore[misc]


@pytest.mark.req("CORE-6")
def test_a_stream_follows_a_job_live_to_its_end(alice: httpx2.Client, worker: Worker) -> None:
    number = asked(alice, planned_at=None, params={"seconds": 0.3})
    with _watching(alice, f"{REQUESTS}/{number}/events") as response:
        lines = lines_until_end(response)
        first = json.loads(next(lines)[1])
        worker.start()
        rest = list(lines)
    told = [first["kind"], *kinds([json.loads(d) for i, d in rest if i != "end"])]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (told[0], told[-1]) == ("asked", "succeeded")
    assert "claimed" in told
    assert (rest[-1][0], why_ended(rest[-1][1])) == ("end", "over")


@pytest.mark.req("CORE-6")
def test_a_stream_and_the_pages_tell_the_same(alice: httpx2.Client, desk: Desk) -> None:
    number = asked(alice)
    _say(desk, number, 30)
    alice.post(f"{REQUESTS}/{number}/cancel", json={"reason": "r"})
    with _watching(alice, f"{REQUESTS}/{number}/events") as response:
        streamed = [json.loads(d) for i, d in lines_until_end(response) if i != "end"]
    paged, after = [], 0
    while after is not None:
        page = alice.get(f"{REQUESTS}/{number}/events", params={"after": after, "limit": 7}).json()
        paged, after = paged + page["items"], page["next"]
    assert streamed == paged
    assert len(paged) == 32


@pytest.mark.req("CORE-6")
def test_a_broken_stream_resumes_without_a_gap_or_a_double(alice: httpx2.Client, desk: Desk) -> None:
    number = asked(alice)
    _say(desk, number, 20)
    got: list[int] = []
    with _watching(alice, f"{REQUESTS}/{number}/events") as response:
        for _, (event_id, _) in zip(range(8), lines_until_end(response), strict=False):
            got.append(int(event_id))
    _say(desk, number, 5)  # while nobody watches
    alice.post(f"{REQUESTS}/{number}/cancel", json={"reason": "r"})
    with _watching(alice, f"{REQUESTS}/{number}/events", **{"Last-Event-ID": str(got[-1])}) as response:
        got += seqs(response)
    whole = alice.get(f"{REQUESTS}/{number}/events").json()["items"]
    assert got == [e["seq"] for e in whole]
    assert len(got) == 27


def test_a_stream_begins_after_the_number_that_is_asked_for(alice: httpx2.Client) -> None:
    number = asked(alice)
    alice.post(f"{REQUESTS}/{number}/cancel", json={"reason": "r"})
    (first, second) = (e["seq"] for e in alice.get(f"{REQUESTS}/{number}/events").json()["items"])
    with _watching(alice, f"{REQUESTS}/{number}/events?after={first}") as response:
        assert seqs(response) == [second]


def test_many_watchers_of_one_job_all_see_all_of_it(alice: httpx2.Client, desk: Desk) -> None:
    number, there = asked(alice), threading.Barrier(61)

    def watch(client: httpx2.Client) -> list[int]:
        with _watching(client, f"{REQUESTS}/{number}/events") as response:
            lines = lines_until_end(response)
            first = int(next(lines)[0])
            there.wait(30)
            return [first, *(int(i) for i, _ in lines if i != "end")]

    with client_of_many(alice) as roomy, ThreadPoolExecutor(60) as pool:
        watching = [pool.submit(watch, roomy) for _ in range(60)]
        there.wait(30)
        _say(desk, number, 10)
        alice.post(f"{REQUESTS}/{number}/cancel", json={"reason": "r"})
        seen = [w.result(timeout=30) for w in watching]
    assert len(seen[0]) == 12
    assert all(s == seen[0] for s in seen)


@contextmanager
def client_of_many(client: httpx2.Client) -> Iterator[httpx2.Client]:
    """The same visitor with room for more connections than a client has by default."""
    limits = httpx2.Limits(max_connections=200)
    with httpx2.Client(
        base_url=client.base_url, headers=client.headers, timeout=30, trust_env=False, limits=limits
    ) as roomy:
        yield roomy


@pytest.mark.req("CARD-6")
def test_the_feed_tells_a_portal_everything_after_a_number(alice: httpx2.Client, opal: httpx2.Client) -> None:
    first = asked(alice)
    page = opal.get("/api/v1/events").json()
    last = page["items"][-1]["seq"]
    assert [e["seq"] for e in page["items"]] == list(range(1, last + 1))
    second = asked(alice)
    news = opal.get("/api/v1/events", params={"after": last}).json()["items"]
    assert [(e["seq"], e["job"], e["kind"]) for e in news] == [(last + 1, second, "asked")]
    assert first != second


def test_the_live_feed_of_a_tenant_skips_what_is_others(alice: httpx2.Client, bob: httpx2.Client, desk: Desk) -> None:
    asked(bob, place="beta/prod")
    with _watching(alice, "/api/v1/events") as response:
        lines = lines_until_end(response)
        assert json.loads(next(lines)[1])["kind"] == "user-changed"
        seen = [json.loads(next(lines)[1])["actor"]]
        asked(bob, place="beta/prod")
        mine = asked(alice)
        later = [json.loads(next(lines)[1])]
    assert seen == ["test"]
    assert [e["job"] for e in later] == [mine]


def test_a_stream_ends_when_its_token_is_revoked(
    server: Served, desk: Desk, token: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "RECHECK_S", 0.0)
    shown = token("alice")
    with client_of(server, shown) as alice:
        number = asked(alice)
        with _watching(alice, f"{REQUESTS}/{number}/events") as response:
            lines = lines_until_end(response)
            next(lines)
            revoke_token(desk, "test", shown.split("_")[1])
            _say(desk, number, 1)
            rest = list(lines)
    assert why_ended(rest[-1][1]) == "denied"


def test_a_quiet_stream_is_kept_alive(alice: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "KEEP_ALIVE_S", 0.05)
    number = asked(alice)
    with _watching(alice, f"{REQUESTS}/{number}/events") as response:
        assert next(line for line in response.iter_lines() if line.startswith(":")) == ": keep-alive"


def test_stopping_the_server_ends_its_streams_at_once(desk: Desk, token: Callable[..., str]) -> None:
    with served(desk) as server, client_of(server, token("alice")) as alice:
        number = asked(alice)
        with _watching(alice, f"{REQUESTS}/{number}/events") as response:
            lines = lines_until_end(response)
            next(lines)
            assert server.stop()
            assert why_ended(next(lines)[1]) == "closing"
        assert not server.is_up


def test_the_store_is_looked_at_only_while_somebody_watches() -> None:
    looked = threading.Semaphore(0)

    def look() -> int:
        looked.release()
        return 0

    async def watch(tail: stream.Tail) -> bool:
        watcher = tail.join()
        seen = await asyncio.to_thread(looked.acquire, timeout=10)
        tail.leave(watcher)
        return seen

    tail = stream.Tail(look, most=1)
    assert not looked.acquire(timeout=3 * stream.LOOK_S)
    assert asyncio.run(watch(tail))
    while looked.acquire(timeout=3 * stream.LOOK_S):  # ends only if nobody looks any more
        pass
    assert asyncio.run(watch(tail))
    tail.close()


def test_too_many_watchers_are_told_to_come_back(desk: Desk, token: Callable[..., str]) -> None:
    with served(desk, Limits(watchers=1)) as server, client_of(server, token("alice")) as alice:
        number = asked(alice, planned_at=ahead(hours=2))
        with _watching(alice, f"{REQUESTS}/{number}/events") as response:
            lines = lines_until_end(response)  # kept: the connection closes with it
            next(lines)
            second = alice.get(f"{REQUESTS}/{number}/events", headers=SSE)
            assert (second.status_code, second.json()["code"]) == (503, "unreachable")
            assert "retry-after" in second.headers
        freed = eventually(lambda: _admitted(alice, number))
        assert freed


def _admitted(client: httpx2.Client, number: int) -> bool:
    with client.stream("GET", f"{REQUESTS}/{number}/events", headers=SSE) as response:
        return response.status_code == 200


@pytest.mark.parametrize("last", ["x", "-1", str(2**63)])
def test_a_last_event_id_that_is_none_is_a_mistake(alice: httpx2.Client, last: str) -> None:
    number = asked(alice)
    response = alice.get(f"{REQUESTS}/{number}/events", headers={**SSE, "Last-Event-ID": last})
    assert (response.status_code, response.json()["errors"][0]["path"]) == (422, "Last-Event-ID")
