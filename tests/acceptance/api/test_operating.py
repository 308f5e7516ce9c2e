"""For those who run it: workers, the audit trail, health, figures, and what a failure of ours looks like."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from domain.errors import Mistake, StoreDown
from domain.text import Text
from intake.desk import Desk
from portal import figures
from portal.app import make_app
from portal.serve import Served, serve
from runner.store.tx import Tx
from runner.worker import Worker
from tests.acceptance.api.hall import asked, client_of, eventually, wish

REQUESTS = "/api/v1/requests"


def _figures(server: Served) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample, by its name and the values of its labels."""
    text = httpx2.get(f"{server.url}/metrics", trust_env=False).text
    families = text_string_to_metric_families(text)
    return {(s.name, tuple(s.labels.values())): s.value for f in families for s in f.samples}


@pytest.mark.req("CORE-12")
def test_an_operator_sees_pauses_and_resumes_workers(opal: httpx2.Client, worker: Worker) -> None:
    worker.start()
    (seen,) = opal.get("/api/v1/workers").json()["items"]
    assert (seen["id"], seen["alive"], seen["paused"]) == (worker.id, True, False)
    paused = opal.post(f"/api/v1/workers/{worker.id}/pause").json()
    assert paused == {"worker": worker.id, "paused": True, "count": 1}
    assert opal.get("/api/v1/workers").json()["items"][0]["paused"] is True
    assert opal.post("/api/v1/workers/all/resume").json()["paused"] is False
    unknown = opal.post("/api/v1/workers/nobody/pause")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")


@pytest.mark.req("CORE-8")
def test_the_audit_trail_is_whole_until_somebody_changes_it(
    alice: httpx2.Client, opal: httpx2.Client, desk: Desk
) -> None:
    asked(alice)
    whole = opal.post("/api/v1/audit/verify").json()
    with desk.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE event SET actor = 'mallory' WHERE seq = 3")
    broken = opal.post("/api/v1/audit/verify").json()
    assert (whole["whole"], whole["broken_at"]) == (True, None)
    assert (broken["whole"], broken["broken_at"]) == (False, 3)
    assert broken["why"]


@pytest.mark.req("CORE-12")
def test_health_and_readiness_need_no_token(server: Served, worker: Worker) -> None:
    worker.start()
    alive = httpx2.get(f"{server.url}/healthz", trust_env=False)
    ready = httpx2.get(f"{server.url}/readyz", trust_env=False)
    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "checks": {"store": "ok", "migrations": "ok", "workers": "1 alive"}}


@pytest.mark.req("CORE-12")
def test_a_store_that_is_not_migrated_is_not_ready(server: Served, desk: Desk) -> None:
    with desk.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    ready = httpx2.get(f"{server.url}/readyz", trust_env=False)
    assert (ready.status_code, ready.json()["checks"]["migrations"]) == (503, "failed")


@pytest.mark.req("CORE-12")
def test_a_store_that_is_away_answers_503_without_saying_where_it_lives(
    alice: httpx2.Client, server: Served, desk: Desk, tmp_path: Path
) -> None:
    desk.store.engine.dispose()
    (tmp_path / "var" / "yunwei.db").unlink()
    (tmp_path / "var" / "yunwei.db").mkdir()  # a folder cannot be opened as a database
    response, ready = alice.post(REQUESTS, json=wish()), httpx2.get(f"{server.url}/readyz", trust_env=False)
    assert (response.status_code, response.json()["code"]) == (503, "store-down")
    assert "retry-after" in response.headers
    assert str(tmp_path) not in response.text
    assert (ready.status_code, ready.json()["checks"]["store"]) == (503, "failed")
    assert httpx2.get(f"{server.url}/healthz", trust_env=False).status_code == 200
    assert _figures(server)["yunwei_store_up", ()] == 0


@pytest.mark.req("CORE-12")
def test_a_change_whose_answer_was_lost_is_not_called_undone_and_its_key_finds_it(
    alice: httpx2.Client, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection to the database broke at the commit."""
    write = desk.store.write

    def lost(body: Callable[[Tx], Any]) -> Any:
        write(body)
        raise StoreDown(Text("断", "the answer was lost"))

    headers, body = {"Idempotency-Key": "once"}, wish()
    monkeypatch.setattr(desk.store, "write", lost)
    answer = alice.post(REQUESTS, json=body, headers=headers)
    monkeypatch.undo()
    assert (answer.status_code, answer.json()["code"]) == (503, "store-down")
    assert "may or may not be done" in answer.json()["text"]["en"]
    assert "Idempotency-Key" in answer.json()["text"]["zh"]
    there = alice.get(REQUESTS).json()["items"]
    again = alice.post(REQUESTS, json=body, headers=headers)
    assert [r["number"] for r in there] == [again.json()["number"]]


@pytest.mark.req("CORE-12")
def test_figures_count_what_happened(
    alice: httpx2.Client, server: Served, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FRESH_S", 0.0)
    before = _figures(server)
    asked(alice)
    number = asked(alice, planned_at=None)
    alice.post(REQUESTS, json={})
    worker.start()
    eventually(lambda: alice.get(f"{REQUESTS}/{number}").json()["execution"]["name"] == "succeeded")
    after = _figures(server)
    assert after["yunwei_submits_total", ("accepted",)] == 2
    assert after["yunwei_submits_total", ("mistaken",)] == 1
    assert after["yunwei_moves_total", ("succeeded",)] == 1
    assert after["yunwei_start_delay_seconds_count", ()] == 1
    assert after["yunwei_start_delay_seconds_sum", ()] < 60
    assert (before["yunwei_jobs", ("waiting",)], after["yunwei_jobs", ("waiting",)]) == (0, 1)
    assert after["yunwei_workers_alive", ()] == 1
    assert after["yunwei_leases_expired", ()] == 0
    assert after["yunwei_events_total", ()] > 6
    assert any(name == "yunwei_http_seconds_count" and "POST" in labels for name, labels in after)


@pytest.mark.req("CORE-12")
def test_a_start_is_counted_once_however_often_the_figures_are_read(
    alice: httpx2.Client, server: Served, worker: Worker
) -> None:
    number = asked(alice, planned_at=None)
    worker.start()
    eventually(lambda: alice.get(f"{REQUESTS}/{number}").json()["execution"]["name"] == "succeeded")
    counts = [_figures(server)["yunwei_start_delay_seconds_count", ()] for _ in range(4)]
    assert counts == [1, 1, 1, 1]


def test_figures_name_no_tenant_and_no_account(alice: httpx2.Client, server: Served) -> None:
    asked(alice)
    text = httpx2.get(f"{server.url}/metrics", trust_env=False).text
    assert "acme" not in text
    assert "alice" not in text


@pytest.mark.req("CORE-8")
def test_an_error_of_ours_gives_an_incident_number_and_nothing_else(
    alice: httpx2.Client, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    number = asked(alice)
    with desk.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE job SET state = 'odd'")
    with caplog.at_level(logging.ERROR):
        response = alice.get(f"{REQUESTS}/{number}")
    body = response.json()
    assert (response.status_code, body["code"]) == (500, "internal")
    assert "odd" not in response.text
    assert "Traceback" not in response.text
    assert body["incident"] in caplog.text
    assert "'odd' is not a valid State" in caplog.text


@pytest.mark.req("CARD-6")
def test_the_document_describes_every_route_with_its_problems(server: Served) -> None:
    document = httpx2.get(f"{server.url}/api/v1/openapi.json", trust_env=False).json()
    operations = [(p, m, o) for p, methods in document["paths"].items() for m, o in methods.items()]
    assert len(operations) > 20
    for path, method, operation in operations:
        assert operation["description"], (path, method)
        if path.startswith("/api/v1/links/"):  # a link is all that its bearer has to show
            assert {"403", "404", "422", "429", "500", "503"} <= operation["responses"].keys(), (path, method)
        elif path.startswith("/api/"):
            assert {"401", "403", "422", "429", "500", "503"} <= operation["responses"].keys(), (path, method)
            assert operation["security"], (path, method)
    assert "Problem" in document["components"]["schemas"]


def test_an_address_that_is_taken_is_a_mistake_that_says_so(server: Served, desk: Desk) -> None:
    with pytest.raises(Mistake, match=f"Cannot listen on 127.0.0.1:{server.port}"):
        serve(make_app(desk), "127.0.0.1", server.port)


def test_a_server_that_is_stopped_twice_is_stopped(desk: Desk, token: Callable[..., str]) -> None:
    running = serve(make_app(desk), "127.0.0.1", 0)
    with client_of(running, token("alice")) as alice:
        assert alice.get("/api/v1/me").status_code == 200
    assert running.stop()
    assert running.stop()
    assert not running.is_up
