"""A backup that a tenant brings: recognised, restored after the upload, and told of by mail."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.artifact import ArtifactKey
from domain.event import Kind
from intake.letter_review import approve
from intake.letter_scan import add_scan
from intake.letters import ask, get
from playbooks.restore import RestoreDataCenter
from tests.acceptance.sql.conftest import OTHER, PROD, Stage, as_json
from tests.codes import digits_in
from tests.scans import PDF

ITEMS = "SELECT COUNT(*) FROM dbo.T_BD_MATERIAL"
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module", autouse=True)
def letter(stage: Stage) -> None:
    """An effective restore letter."""
    dana, olga = stage.actor("dana"), stage.actor("olga")
    number = ask(stage.desk, dana, {"kind": "restore", "reason": "迁移"}).number
    add_scan(stage.desk, dana, number, "a.pdf", PDF)
    approve(stage.desk, olga, number, get(stage.desk, olga, number).rev, {})


@pytest.fixture
def bak(stage: Stage, tmp_path: Path) -> Path:
    """What the server itself wrote, as a tenant would have it on disk."""
    number = stage.done("backup", {})
    row = stage.product.store.rows("artifacts_of_job", job=number)[0]
    file = tmp_path / "带来的.bak"
    with stage.product.artifacts.open(ArtifactKey.parse(row["key"])) as opened:
        file.write_bytes(b"".join(opened))
    return file


def upload(stage: Stage, command: Run, file: Path, *more: str) -> tuple[int, str]:
    words = ("artifact", "upload", str(file), "--place", PROD, *more)
    stage.forget_codes()
    assert command(*words, "--send-code")[0] == 0
    return command(*words, "--code", digits_in(stage.product.store), "--json")


@pytest.mark.req("DC-7", "DC-3", "INT-10")
@pytest.mark.parametrize("asks", [False, True], ids=["plain", "restores-ask-for-a-code"])
def test_a_backup_is_uploaded_recognised_and_restored_at_once(
    stage: Stage, command: Run, bak: Path, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload's code was bound to the restore too: nobody is asked for a second one."""
    monkeypatch.setattr(RestoreDataCenter, "traits", replace(RestoreDataCenter.traits, code=asks))
    before = stage.rows(ITEMS)
    stage.rows("DELETE FROM dbo.T_BD_MATERIAL WHERE FMATERIALID = 1003")
    told = as_json(upload(stage, command, bak, "--restore"))
    assert (told["state"]["name"], told["facts"]["format"]) == ("ready", "compressed-backup")
    asked = [e for e in _feed(stage) if e.kind is Kind.ASKED and e.facts["params"].get("artifact") == told["id"]]
    assert [e.facts["operation"] for e in asked] == ["restore"]
    number = asked[0].job
    assert number is not None
    assert stage.ended(number).job.state == "succeeded", stage.told(number)
    assert stage.rows(ITEMS) == before


@pytest.mark.req("DC-7")
def test_an_uploaded_file_restores_into_the_test_data_center(stage: Stage, command: Run, bak: Path) -> None:
    told = as_json(upload(stage, command, bak))
    stage.done("restore", {"artifact": told["id"]}, OTHER)
    assert stage.rows(ITEMS, OTHER) == stage.rows(ITEMS, PROD)


@pytest.mark.req("DC-7", "INT-10")
def test_an_upload_without_its_code_begins_nothing(stage: Stage, command: Run, bak: Path) -> None:
    code, out = command("artifact", "upload", str(bak), "--place", PROD)
    assert code == 3, out
    assert "codes" in out


@pytest.mark.req("DC-7", "INT-3")
def test_whoever_uploaded_is_told_by_mail_that_it_is_ready_or_why_not(
    stage: Stage, command: Run, bak: Path, tmp_path: Path
) -> None:
    since = datetime.now(UTC)
    as_json(upload(stage, command, bak))
    broken = tmp_path / "坏的.bak"
    broken.write_bytes(b"PK\x03\x04" + bak.read_bytes()[:9000])
    code, out = upload(stage, command, broken)
    assert code == 2, out
    rows = [dict(r) for r in _outbox(stage)]
    kinds = [r["kind"] for r in rows if r["created_at"] >= int(since.timestamp() * 1e6)]
    assert sorted(kinds) == ["stored", "upload-refused"]


def _feed(stage: Stage) -> list[Any]:
    from intake.read import feed

    return list(feed(stage.desk, stage.actor("olga"), 0, 1000).events)


def _outbox(stage: Stage) -> list[Any]:
    from sqlalchemy import select

    from runner.store.schema import outbox

    return list(stage.product.store.select(select(outbox).where(outbox.c.channel == "mail", outbox.c.job.is_(None))))
