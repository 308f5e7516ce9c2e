"""The administrator's password: reset by the provider's template, delivered once by mail, kept nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.erp import lab_hash
from messages import password as post
from tests.acceptance.sql.conftest import OTHER, PROD, Stage

STORED = "SELECT FPASSWORD, FMEMO FROM dbo.T_SEC_USER WHERE FUSERACCOUNT = N'administrator'"


@pytest.fixture(autouse=True)
def room(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The quota of five a day is asked about in one test alone; nobody waits between two tries."""
    with stage.product.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM quota")
    monkeypatch.setattr(post, "PAUSE_S", 0.0)
    yield
    stage.mail.failures = 0


def delivered(stage: Stage) -> list[str]:
    """The passwords that were mailed, each with its only copy."""
    bodies = [p.body.en for p in stage.mail.parcels if p.message_id.startswith("password-")]
    return [found[1] for body in bodies if (found := re.search(r"administrator: (\S+)", body))]


@pytest.mark.req("DC-6")
def test_the_new_password_opens_the_erp_and_is_in_no_table_event_log_or_message(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    number = stage.done("reset-password", {}, PROD, who="alice")
    word = delivered(stage)[-1]
    (stored, salt), *_ = stage.rows(STORED)
    assert stored == lab_hash(word, salt), "the ERP lets it in"
    assert len(word) >= 16
    assert all(re.search(each, word) for each in ("[a-z]", "[A-Z]", "[0-9]", r"[^a-zA-Z0-9]"))
    home = stage.product.settings.home
    files = [f for f in Path(home).rglob("*") if f.is_file()]
    assert files
    assert [f.name for f in files if word.encode() in f.read_bytes()] == []
    assert word not in caplog.text
    assert word not in str([dict(e.facts) for e in stage.events(number)])
    assert stage.mail.parcels[-1].recipient == "alice@acme.example" or any(
        p.recipient == "alice@acme.example" for p in stage.mail.parcels if word in p.body.en
    )


@pytest.mark.req("DC-6", "INT-6")
def test_only_enterprise_administrators_may_ask(stage: Stage) -> None:
    with stage.client("dana") as client:
        body = stage.coded({"operation": "reset-password", "place": PROD, "params": {}, "confirm": True}, "dana")
        answer = client.post("/api/v1/requests", json=body)
    assert answer.status_code == 403
    assert [r["policy"] for r in answer.json()["decision"]["reasons"] if r["verdict"] == "refuse"] == ["roles"]


@pytest.mark.req("DC-6", "INT-9")
def test_the_sixth_of_a_day_is_refused(stage: Stage) -> None:
    for _ in range(5):
        stage.done("reset-password", {}, OTHER, who="alice")
    words = delivered(stage)[-5:]
    assert len(set(words)) == 5
    with stage.client("alice") as client:
        body = stage.coded({"operation": "reset-password", "place": OTHER, "params": {}, "confirm": True}, "alice")
        assert client.post("/api/v1/requests", json=body).status_code == 403


@pytest.mark.req("DC-6")
def test_a_mail_server_that_is_busy_is_tried_again_and_one_that_stays_so_fails_the_job_with_advice(
    stage: Stage,
) -> None:
    stage.mail.failures = 1
    before = len(delivered(stage))
    stage.done("reset-password", {}, PROD, who="alice")
    assert len(delivered(stage)) == before + 1
    stage.mail.failures = 100
    number = stage.ask("reset-password", {}, PROD, who="alice")
    item = stage.ended(number)
    assert item.job.state == "failed", stage.told(number)
    told = [str(t) for _, t in stage.told(number)]
    assert any("reset it again" in t for t in told)


@pytest.mark.req("DC-6", "CORE-1")
def test_a_wire_that_is_cut_leads_to_a_look_and_another_password(stage: Stage) -> None:
    stage.faults().ask("cut", count=1, at="after-batch", program="job")
    stage.done("reset-password", {}, PROD, who="alice")
    word = delivered(stage)[-1]
    (stored, salt), *_ = stage.rows(STORED)
    assert stored == lab_hash(word, salt)
