"""What no operation hands out is asked for in words: the provider's people do it, and their opinion is mailed."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from runner.store.schema import outbox
from tests.acceptance.sql.conftest import PROD, Stage, as_json, wait_until

Run = Callable[..., tuple[int, str]]
NEED = "2025 年度附件目录，用于审计"
OPINION = "已放到贵司的取件目录，7 天内有效"


@pytest.mark.req("DC-4", "INT-3")
@pytest.mark.parametrize(
    ("word", "state", "label"), [("done", "succeeded", "已处理"), ("failed", "failed", "未能处理")]
)
def test_a_person_of_the_provider_answers_and_the_requester_reads_the_opinion(
    word: str, state: str, label: str, stage: Stage, command: Run
) -> None:
    number = as_json(command("request", "submit", "other-download", PROD, "--need", NEED, "--yes", "--json"))["number"]
    wait_until(lambda: stage.item(number).job.state == "needs-attention", "it waits for a person")
    with stage.client() as client:
        shown = client.get(f"/api/v1/requests/{number}").json()
        assert shown["execution"]["label"]["zh"] == "服务商处理中"
        refused = client.post(f"/api/v1/requests/{number}/resolve", json={"word": "done", "opinion": "我自己"})
        assert refused.status_code == 403, "who asks does not answer"
    with stage.client("olga") as client:
        answer = client.post(f"/api/v1/requests/{number}/resolve", json={"word": word, "opinion": OPINION})
        assert answer.status_code == 200, answer.text
    assert stage.ended(number).job.state == state
    with stage.client() as client:
        shown = client.get(f"/api/v1/requests/{number}").json()
        assert (shown["execution"]["label"]["zh"], shown["opinion"]) == (label, OPINION)
        found = client.get("/api/v1/requests", params={"text": "取件目录"}).json()["items"]
        assert number in [item["number"] for item in found]
    wait_until(lambda: any(OPINION in m and label in m for m in _mail(stage, number)), "the opinion is mailed")


@pytest.mark.req("DC-4", "INT-11")
@pytest.mark.parametrize("need", ["", "  \n ", "x" * 2001])
def test_a_need_that_says_nothing_or_too_much_is_refused_and_leaves_nothing(need: str, stage: Stage) -> None:
    with stage.client() as client:
        before = client.get("/api/v1/requests", params={"operation": "other-download"}).json()["items"]
        body = {"operation": "other-download", "place": PROD, "params": {"need": need}, "confirm": True}
        answer = client.post("/api/v1/requests", json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["path"] == "params.need"
        assert client.get("/api/v1/requests", params={"operation": "other-download"}).json()["items"] == before


def _mail(stage: Stage, number: int) -> list[str]:
    rows = stage.product.store.select(select(outbox.c.body).where(outbox.c.job == number, outbox.c.channel == "mail"))
    return [str(row["body"]) for row in rows]
