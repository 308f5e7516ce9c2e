"""A data center gets another name: for people at once and everywhere, and for its database."""

from collections.abc import Callable

import pytest

from tests.acceptance.sql.conftest import OTHER, PROD, Stage, as_json, wait_until
from tests.codes import digits_in

Run = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def room(stage: Stage) -> None:
    """The quota of two a month is asked about in one test alone."""
    with stage.product.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM quota")


@pytest.mark.req("DC-5", "INT-10")
def test_people_read_the_new_name_at_once_and_the_administrators_are_told(stage: Stage, command: Run) -> None:
    words = ("request", "submit", "rename", OTHER, "--new-name", "测试账套 2027")
    assert command(*words, "--yes")[0] == 3, "without a code"
    stage.forget_codes()
    as_json(command(*words, "--send-code", "--json"))
    code, out = command(*words, "--yes", "--wait", "--code", digits_in(stage.product.store))
    assert code == 0, out
    with stage.client() as client:
        titles = {c["path"]: c["title"] for c in client.get("/api/v1/data-centers").json()["items"]}
    assert titles[OTHER].endswith("测试账套 2027")
    told = stage.mail_of("rename")
    assert {"alice@acme.example", "dana@acme.example"} <= set(told)


@pytest.mark.req("DC-5")
def test_the_database_is_renamed_and_everything_goes_on_under_its_new_name(stage: Stage) -> None:
    was = stage.database(OTHER)
    stage.done("rename", {"new_name": "新库", "database": "AIS2027"}, OTHER)
    assert stage.database(OTHER) == "AIS2027"
    assert "AIS2027" in stage.databases()
    assert was not in stage.databases()
    stage.done("backup", {}, OTHER)
    stage.done("restore", {"from_data_center": PROD}, OTHER)
    stage.done("rename", {"new_name": "旧库", "database": was}, OTHER)
    assert stage.database(OTHER) == was


@pytest.mark.req("DC-5", "INT-11")
def test_a_name_that_is_taken_or_says_nothing_is_refused(stage: Stage) -> None:
    title = stage.desk.place(PROD, stage.actor("olga")).data_center
    assert title is not None
    wishes = [({"new_name": title.title}, "params.new_name"), ({"new_name": "  "}, "params.new_name"),
              ({"new_name": "x", "database": "master"}, "params.database"),
              ({"new_name": "x", "database": stage.database(PROD)}, "params.database"),
              ({"new_name": "x", "database": "a]; DROP"}, "params.database")]  # fmt: skip
    with stage.client() as client:
        for params, path in wishes:
            body = {"operation": "rename", "place": OTHER, "params": params, "confirm": True}
            answer = client.post("/api/v1/requests", json=body)
            assert answer.status_code == 422, answer.text
            assert [e["path"] for e in answer.json()["errors"]] == [path]


@pytest.mark.req("DC-5", "INT-9")
def test_the_third_rename_of_a_month_is_refused(stage: Stage) -> None:
    stage.done("rename", {"new_name": "一"}, OTHER)
    stage.done("rename", {"new_name": "二"}, OTHER)
    with stage.client() as client:
        body = stage.coded({"operation": "rename", "place": OTHER, "params": {"new_name": "三"}, "confirm": True})
        answer = client.post("/api/v1/requests", json=body)
    assert answer.status_code == 403
    quota = next(r for r in answer.json()["decision"]["reasons"] if r["policy"] == "quotas")
    assert (quota["values"]["used"], quota["values"]["limit"]) == (2, 2)


@pytest.mark.req("DC-5", "CORE-1")
def test_a_wire_that_is_cut_after_the_rename_leads_to_a_look_and_the_name_is_known(stage: Stage) -> None:
    was = stage.database(OTHER)
    stage.faults().ask("cut", count=1, at="after-batch", program="job")
    stage.done("rename", {"new_name": "断线", "database": "AIS2028"}, OTHER)
    assert stage.database(OTHER) == "AIS2028"
    wait_until(lambda: "AIS2028" in stage.databases(), "the database has its new name")
    stage.done("rename", {"new_name": "复原", "database": was}, OTHER)
