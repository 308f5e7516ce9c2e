"""Packages through the API and the command line: exported, imported, refused, broken off, and nothing left behind."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from domain.artifact import ArtifactKey
from intake.change import cancel
from lab.host import Host
from media.recognition import recognise
from runner.artifacts import artifact_id
from tests.acceptance.sql.conftest import PROD, Stage, wait_until
from tests.unit.media.files import Dac, model

ITEMS = "SELECT COUNT(*) FROM dbo.T_BD_MATERIAL"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def host(stage: Stage) -> Iterator[Host]:
    """The database server's Windows host, which only the lab can tell to fail."""
    if stage.lab is None:
        pytest.skip("SqlPackage on a real host was not tried: see docs/windows-host.md")
    found = stage.lab.hosts["db1"]
    yield found
    found.clear_faults()


def exported(stage: Stage, **params: Any) -> dict[str, Any]:
    """The row of a new package."""
    number = stage.done("bacpac-export", params)
    rows = [dict(r) for r in stage.product.store.rows("artifacts_of_job", job=number)]
    assert [r["kind"] for r in rows] == ["bacpac"]
    return rows[0]


def as_before(stage: Stage) -> None:
    """The data center is as users want it, and nothing of ours is beside it."""
    every = stage.rows("SELECT name, state_desc, user_access_desc FROM sys.databases")
    assert [row[1:] for row in every if row[0] == stage.database(PROD)] == [("ONLINE", "MULTI_USER")]
    assert [d for d in stage.databases() if d.startswith("job")] == []
    assert stage.exchange() == []


def planted(stage: Stage, content: bytes, name: str) -> str:
    """A package on record as an upload would be, were it not judged at upload: the import judges it again."""
    key = ArtifactKey(tenant="ledger-test", kind="package", run="test", name=name)
    stage.product.artifacts.put(key, [content], size=len(content))
    sum_ = hashlib.sha256(content).hexdigest()
    row = {"id": artifact_id(str(key)), "tenant": "ledger-test", "kind": "bacpac", "key": str(key), "place": PROD,
           "name": name, "description": "", "size": len(content), "sha256": sum_, "state": "ready", "facts": "{}",
           "job": None, "added_by": "test"}  # fmt: skip
    stage.product.store.write(lambda tx: tx.moved("insert_artifact", **row, added_at=tx.now()))
    return str(row["id"])


@pytest.mark.req("DC-8", "CARD-3")
def test_an_export_is_inspected_and_stored_and_an_import_brings_its_rows_back(stage: Stage, host: Host) -> None:
    before = stage.rows(ITEMS)
    row = exported(stage, label="年终")
    assert (row["name"], row["place"], row["state"]) == ("年终.bacpac", PROD, "ready")
    with stage.product.artifacts.open(ArtifactKey.parse(row["key"])) as opened:
        content = b"".join(opened)
    assert hashlib.sha256(content).hexdigest() == row["sha256"]
    as_before(stage)
    stage.rows("DELETE FROM dbo.T_BD_MATERIAL WHERE FMATERIALID > 1100")
    assert stage.rows(ITEMS) != before
    number = stage.done("bacpac-import", {"artifact": row["id"]})
    assert stage.rows(ITEMS) == before
    as_before(stage)
    kinds = [r["kind"] for r in stage.product.store.rows("artifacts_of_job", job=number)]
    assert kinds == ["backup"], "the target was backed up first"


@pytest.mark.req("DC-8", "CARD-6")
def test_the_command_line_exports_and_shows_the_steps(stage: Stage, command: Run, host: Host) -> None:
    code, out = command("request", "submit", "bacpac-export", PROD, "--source", "live", "--wait")
    assert code == 0, out
    assert "SqlPackage is done" in out
    as_before(stage)


@pytest.mark.req("DC-8")
def test_a_database_that_refers_to_another_becomes_a_dacpac_and_an_explicit_bacpac_is_refused(
    stage: Stage, host: Host
) -> None:
    stage.rows("CREATE VIEW dbo.V_ELSEWHERE AS SELECT FNAME FROM OtherDb.dbo.T_BD_MATERIAL")
    try:
        number = stage.ask("bacpac-export", {"format": "bacpac"})
        assert stage.ended(number).job.state == "failed"
        assert stage.steps(number) == []
        said = str(stage.told(number)[-1])
        assert "V_ELSEWHERE → [OtherDb].[T_BD_MATERIAL]" in said
        row = exported(stage)
    finally:
        stage.rows("DROP VIEW dbo.V_ELSEWHERE")
    assert row["name"].endswith(".dacpac")
    before = stage.rows(ITEMS)
    stage.done("bacpac-import", {"artifact": row["id"], "backup_first": False})
    assert stage.rows(ITEMS) == before
    stage.rows("DROP VIEW dbo.V_ELSEWHERE")
    as_before(stage)


@pytest.mark.req("DC-8", "INT-7")
@pytest.mark.parametrize("operation", ["bacpac-export", "bacpac-import"])
def test_a_cancel_ends_sqlpackage_and_drops_what_is_half_made(stage: Stage, host: Host, operation: str) -> None:
    before, row = stage.rows(ITEMS), exported(stage, source="live")
    params = {"artifact": row["id"], "backup_first": False} if operation == "bacpac-import" else {"source": "live"}
    host.faults.ask("hang", match="sqlpackage")
    number = stage.ask(operation, params)
    wait_until(lambda: any(e.name == "SqlPackage.exe" for e in host.processes.all()), "SqlPackage runs")
    cancel(stage.desk, stage.actor("olga"), number, {"reason": "no longer needed"})
    assert stage.ended(number).job.state == "cancelled"
    assert not any(e.name == "SqlPackage.exe" for e in host.processes.all())
    assert stage.rows(ITEMS) == before
    as_before(stage)


@pytest.mark.req("DC-8")
@pytest.mark.parametrize("operation", ["bacpac-export", "bacpac-import"])
@pytest.mark.parametrize("how", ["disk_full", "killed"])
def test_one_that_breaks_off_fails_with_its_words_and_leaves_nothing(
    stage: Stage, host: Host, operation: str, how: str
) -> None:
    before, row = stage.rows(ITEMS), exported(stage, source="live")
    params = {"artifact": row["id"], "backup_first": False} if operation == "bacpac-import" else {"source": "live"}
    host.faults.ask("sqlpackage", how=how)
    number = stage.ask(operation, params)
    assert stage.ended(number).job.state == "failed"
    if how == "disk_full":
        assert "There is not enough space on the disk" in str(stage.told(number))
    assert stage.rows(ITEMS) == before
    as_before(stage)


@pytest.mark.req("DC-8")
def test_an_import_after_one_that_broke_off_uses_another_name(stage: Stage, host: Host) -> None:
    row = exported(stage, source="live")
    params = {"artifact": row["id"], "backup_first": False}
    host.faults.ask("reboot_mid_command", when="during", match="sqlpackage", seconds=0)
    assert stage.ended(stage.ask("bacpac-import", params)).job.state == "failed"
    stage.done("bacpac-import", params)
    made = [e.detail["database"] for e in host.ledger.after() if e.kind == "sqlpackage-start"][-2:]
    assert len(set(made)) == 2
    as_before(stage)


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "a model that is not what its checksum says": (lambda: Dac(checksum="0" * 64).write(), "SHA-256"),
    "a name that leads out": (lambda: Dac(more={"../../evil.dll": b"x"}).write(), "leads out"),
    "a bomb": (lambda: Dac(more={"Data/dbo.t/TableData-001-00000.BCP": b"\0" * 99_000_000}).write(), "zip bomb"),
    "scripts that would run": (lambda: Dac(more={"predeploy.sql": b"DROP TABLE t"}).write(), "scripts that run"),
    "code that would run": (lambda: Dac(model=model('<Element Type="SqlAssembly" Name="[x]"/>')).write(), "CLR"),
    "no package at all": (lambda: b"MZ" + b"\0" * 5_000, "executable"),
}


@pytest.mark.req("DC-8")
@pytest.mark.parametrize("what", BAD)
def test_a_bad_package_is_refused_before_the_server_sees_it(stage: Stage, host: Host, what: str) -> None:
    make, words = BAD[what]
    content = make()
    started = len([e for e in host.ledger.after() if e.kind == "sqlpackage-start"])
    id_ = planted(stage, content, f"bad-{hashlib.sha256(content).hexdigest()[:8]}.bacpac")
    number = stage.ask("bacpac-import", {"artifact": id_, "backup_first": False})
    assert stage.ended(number).job.state == "failed"
    assert words in str(stage.told(number)[-1])
    assert len([e for e in host.ledger.after() if e.kind == "sqlpackage-start"]) == started
    as_before(stage)


@pytest.mark.req("DC-8", "INT-11")
def test_an_import_takes_packages_only(stage: Stage, host: Host) -> None:
    number = stage.done("backup", {})
    backup = dict(stage.product.store.rows("artifacts_of_job", job=number)[0])
    with stage.client() as client:
        for params in ({}, {"artifact": "0" * 16}, {"artifact": backup["id"]}):
            body = {"operation": "bacpac-import", "place": PROD, "params": params, "confirm": True}
            answer = client.post("/api/v1/requests", json=body)
            assert answer.status_code == 422, answer.text
            assert {e["path"] for e in answer.json()["errors"]} == {"params.artifact"}


@pytest.mark.req("DC-8")
def test_what_is_exported_would_pass_the_judgement_at_upload(stage: Stage, host: Host) -> None:
    row = exported(stage, source="live")
    path = stage.product.settings.home / "exported.bacpac"
    with stage.product.artifacts.open(ArtifactKey.parse(row["key"])) as opened:
        path.write_bytes(b"".join(opened))
    with path.open("rb") as file:
        assert recognise(file, name=row["name"], size=path.stat().st_size).accepted
