"""What is told is written with the move that it tells of: both, or neither."""

import json
from typing import Any

import pytest

from domain.event import Kind
from domain.job import LIFE, State
from intake.people import set_contact
from messages.words import TOLD
from runner.moves import move
from runner.store.rows import to_job
from runner.store.schema import job as jobs
from tests.contract.messages.conftest import Post


@pytest.mark.req("INT-3")
def test_the_requester_is_told_of_what_the_provider_decided_in_both_languages(post: Post) -> None:
    number = post.told()
    (row,) = post.rows()
    assert (row["job"], row["recipient"], row["channel"], row["state"]) == (
        number,
        "li@acme.example",
        "mail",
        "waiting",
    )
    subject, body = json.loads(row["subject"]), json.loads(row["body"])
    assert subject == {
        "zh": f"运维单 {number}：操作，已驳回",
        "en": f"Request {number}: Work, rejected",
    }
    assert "处理意见：请改到周末" in body["zh"]
    assert "计划时间：2026-11-23 12:00:00 (Asia/Shanghai)" in body["zh"]
    assert "Place: acme/prod" in body["en"]


@pytest.mark.req("INT-3", "SQL-10")
@pytest.mark.parametrize("kind", sorted(TOLD))
def test_every_outcome_is_told(post: Post, kind: Kind) -> None:
    state = next(s for s, moves in LIFE.items() if kind in moves)
    number = post.ask()
    _put_into(post, number, state)
    post.move(number, kind, text={"zh": "说明", "en": "outcome"})
    assert [(r["kind"], r["job"]) for r in post.rows()] == [(kind.value, number)]
    assert "说明" in json.loads(post.rows()[0]["body"])["zh"]


@pytest.mark.req("INT-3")
def test_every_final_state_and_every_wait_for_a_person_is_reached_by_a_move_that_is_told() -> None:
    ends = {s for s in State if s not in LIFE} | {State.NEEDS_ATTENTION}
    leading = {kind for moves in LIFE.values() for kind, after in moves.items() if after in ends}
    assert leading <= TOLD


@pytest.mark.req("INT-3")
def test_moves_between_are_not_told(post: Post) -> None:
    number = post.ask()
    _put_into(post, number, State.RUNNING)
    post.move(number, Kind.RELEASED)
    assert post.rows() == []


def test_a_move_that_is_not_committed_tells_nobody(post: Post) -> None:
    number = post.ask()

    def write(tx: Any) -> None:
        move(tx, to_job(tx.row("job_for_update", number=number)), Kind.REJECTED)
        raise ValueError("the move is off")

    with pytest.raises(ValueError, match="off"):
        post.store.write(write)
    assert post.rows() == []


@pytest.mark.req("INT-3")
def test_the_accounts_own_address_is_told_too_and_nobody_twice(post: Post) -> None:
    set_contact(post.desk, "test", "li", {"email": "li@home.example"})
    post.told()
    assert [r["recipient"] for r in post.rows()] == ["li@acme.example", "li@home.example"]
    set_contact(post.desk, "test", "li", {"email": "LI@acme.example"})
    number = post.told()
    assert [r["recipient"] for r in post.rows() if r["job"] == number] == ["li@acme.example"]


def test_without_an_address_nothing_is_written(post: Post) -> None:
    post.told(email="")
    assert post.rows() == []


def test_without_a_channel_the_message_is_kept_as_off(url: str) -> None:
    post = Post(url, channels=frozenset())
    post.told()
    assert [r["state"] for r in post.rows()] == ["off"]
    post.store.close()


def test_what_cannot_be_worded_is_told_plainly_and_the_move_is_made(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    number = post.ask()
    post.move(number, Kind.REJECTED, to="no state at all")
    (row,) = post.rows()
    assert json.loads(row["subject"])["en"] == f"Request {number}: rejected"
    assert "cannot word" in caplog.text


def test_each_message_has_an_id_of_its_own_that_names_the_store(post: Post) -> None:
    numbers = [post.told() for _ in range(3)]
    ids = [r["message_id"] for r in post.rows()]
    (store_id,) = [r["value"] for r in post.store.rows("setting", name="store-id")]
    assert len(set(ids)) == len(numbers)
    assert all(i.endswith(f"@{store_id}.yunwei") for i in ids)


def _put_into(post: Post, number: int, state: State) -> None:
    with post.store.engine.begin() as connection:
        connection.execute(jobs.update().where(jobs.c.number == number).values(state=state.value))
