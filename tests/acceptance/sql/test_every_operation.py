"""Every operation on a data center, asked for at both doors and followed to its end: the API, and the command line."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from domain.operation import Target
from playbooks import OPERATIONS
from tests.acceptance.sql.conftest import OTHER, PROD, Stage, as_json, wait_until
from tests.codes import digits_in

Run = Callable[..., tuple[int, str]]
Params = Callable[[Stage], dict[str, Any]]


def from_production(_stage: Stage) -> dict[str, Any]:
    return {"from_data_center": PROD}


def newest_backup(stage: Stage) -> dict[str, Any]:
    return {"artifact": _made(stage, "backup", PROD)}


def script(stage: Stage) -> dict[str, Any]:
    with stage.client() as client:
        answer = client.post("/api/v1/scripts", params={"place": OTHER}, content="PRINT N'好'\nGO\nPRINT 2".encode())
        assert answer.status_code == 201, answer.text
        return {"script": answer.json()["id"]}


def package(stage: Stage) -> dict[str, Any]:
    return {"artifact": _made(stage, "bacpac-export", PROD)}


def another_name(stage: Stage) -> dict[str, Any]:
    center = stage.desk.estate.place(OTHER).data_center
    assert center is not None
    return {"new_name": f"{center.title} 改"[:60]}


def nothing(_stage: Stage) -> dict[str, Any]:
    return {}


# The operation, who asks, and its parameters; all of them on OTHER.
ASKED: Final[dict[str, tuple[str, Params]]] = {
    "backup": ("dana", nothing),
    "restore": ("dana", from_production),
    "rehearse": ("dana", newest_backup),
    "sql-update": ("dana", script),
    "rename": ("alice", another_name),
    "reset-password": ("alice", nothing),
    "bacpac-export": ("dana", nothing),
    "bacpac-import": ("dana", package),
}
BY_HAND: Final = {"other-download"}  # a person ends it: test_other_download.py
every_operation = pytest.mark.parametrize("operation", ASKED)


@pytest.fixture(autouse=True)
def room(stage: Stage) -> None:
    """Quotas are asked about elsewhere."""
    with stage.product.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM quota")


def test_no_operation_on_data_centers_is_missing_here() -> None:
    known = {o.name for o in OPERATIONS if o.traits.target is Target.DATA_CENTER}
    assert known == ASKED.keys() | BY_HAND


@pytest.mark.req("CORE-1", "CORE-6", "DC-2", "DC-3", "DC-5", "DC-6", "DC-8", "SQL-5")
@every_operation
def test_the_api_does_it_from_the_wish_to_the_end(operation: str, stage: Stage) -> None:
    who, params = _asked(stage, operation)
    with stage.client(who) as client:
        wish = {"operation": operation, "place": OTHER, "params": params, "confirm": True}
        checked = client.post("/api/v1/requests/check", json=wish).json()
        assert checked["decision"]["verdict"] == "allow", checked
        answer = client.post("/api/v1/requests", json=stage.coded(wish, who))
        assert answer.status_code == 201, answer.text
        path = f"/api/v1/requests/{answer.json()['number']}"
        wait_until(lambda: client.get(path).json()["execution"]["name"] == "succeeded", f"{operation} has succeeded")
        events = client.get(f"{path}/events").json()["items"]
    assert [e["kind"] for e in events if e["kind"] in ("asked", "claimed", "succeeded")] == [
        "asked", "claimed", "succeeded",
    ]  # fmt: skip


@pytest.mark.req("CARD-6", "DC-2", "DC-3", "DC-5", "DC-6", "DC-8", "SQL-5")
@every_operation
def test_the_command_line_does_it_and_waits_for_the_end(
    operation: str, stage: Stage, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, params = _asked(stage, operation)
    monkeypatch.setenv("YUNWEI_USER", who)
    given = [word for name, value in params.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    words = ["request", "submit", operation, OTHER, *given]
    if stage.desk.catalog.get(operation).traits.code:
        stage.forget_codes()
        as_json(command(*words, "--send-code", "--json"))
        words += ["--code", digits_in(stage.product.store)]
    code, out = command(*words, "--yes", "--wait")
    assert code == 0, out


@pytest.mark.req("INT-11")
@every_operation
def test_another_tenants_data_center_does_not_exist_for_either_door(
    operation: str, stage: Stage, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, params, theirs = ASKED[operation][0], dict(_example(operation)), _of_another_tenant(stage)
    with stage.client(who) as client:
        wish = {"operation": operation, "place": theirs, "params": params, "confirm": True}
        answer = client.post("/api/v1/requests", json=wish)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "place"), answer.text
    monkeypatch.setenv("YUNWEI_USER", who)
    given = [word for name, value in params.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    code, out = command("request", "submit", operation, theirs, *given, "--yes")
    assert code == 2, out


def _asked(stage: Stage, operation: str) -> tuple[str, dict[str, Any]]:
    if operation.startswith("bacpac") and stage.host(OTHER).winrm is None:
        pytest.skip("the database server of this estate has no winrm: nothing can start SqlPackage there")
    who, params = ASKED[operation]
    return who, params(stage)


def _of_another_tenant(stage: Stage) -> str:
    """A data center that is there, and is not theirs who ask."""
    mine = PROD.split("/")[0]
    found = [p.path for p in stage.desk.estate.places.values() if p.data_center and p.tenant.name != mine]
    if not found:
        pytest.skip("this estate has one tenant only")
    return min(found)


def _example(operation: str) -> dict[str, Any]:
    found: dict[str, Any] = next(o.example for o in OPERATIONS if o.name == operation)
    return found


def _made(stage: Stage, operation: str, place: str) -> str:
    """The id of what a run of this operation stored."""
    rows = stage.product.store.rows("artifacts_of_job", job=stage.done(operation, {}, place))
    return str(rows[-1]["id"])
