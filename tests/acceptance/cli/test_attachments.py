"""Files at the command line: added, listed and fetched as over the API."""

from pathlib import Path
from typing import Any

import pytest

from intake.attach import MAX_BYTES

SUBMIT = ("request", "submit", "iis-restart", "ledger-test/prod", "--yes", "--at", "+2h")
EVERY_BYTE = bytes(range(256))


@pytest.fixture
def file(site: Any, tmp_path: Path) -> Path:
    """A file, and request 1 to attach it to."""
    assert site.run(*SUBMIT).code == 0
    file = tmp_path / "截图.png"
    file.write_bytes(EVERY_BYTE)
    return file


def attached(site: Any, file: Path, *words: str) -> dict[str, Any]:
    answer = site.run("request", "attach", "1", str(file), *words, "--json")
    assert answer.code == 0, answer.out
    found: dict[str, Any] = answer.data
    return found


@pytest.mark.req("CARD-6", "INT-2")
def test_a_file_is_added_listed_and_fetched_byte_for_byte(site: Any, file: Path, tmp_path: Path) -> None:
    added = attached(site, file)
    assert (added["name"], added["media_type"], added["size"]) == ("截图.png", "image/png", 256)
    assert site.run("request", "attachments", "1", "--json").data == {"items": [added]}
    out = tmp_path / "out.png"
    fetched = site.run("request", "attachment", "1", added["id"], "--out", str(out), "--json")
    assert (fetched.code, fetched.data) == (0, {**added, "out": str(out)})
    assert out.read_bytes() == EVERY_BYTE


def test_a_file_may_have_another_name_and_type(site: Any, file: Path) -> None:
    added = attached(site, file, "--name", "letter.bin", "--media-type", "Text/Plain")
    assert (added["name"], added["media_type"]) == ("letter.bin", "text/plain")
    assert attached(site, file, "--name", "no-ending")["media_type"] == "application/octet-stream"


def test_a_list_of_files_in_a_pipe_is_one_tab_separated_line_each(site: Any, file: Path) -> None:
    assert site.run("request", "attach", "1", str(file)).out.startswith("Attached 截图.png as ")
    (line,) = site.run("request", "attachments", "1").out.splitlines()
    assert line.split("\t")[1:5] == ["截图.png", "image/png", "256", "alice"]
    assert line.endswith("+08:00 (Asia/Shanghai)")


def test_a_file_that_is_there_is_overwritten_by_force_only(site: Any, file: Path, tmp_path: Path) -> None:
    fetch = ("request", "attachment", "1", attached(site, file)["id"], "--out", str(tmp_path / "mine"))
    (tmp_path / "mine").write_text("mine")
    refused = site.run(*fetch)
    assert (refused.code, (tmp_path / "mine").read_text()) == (2, "mine")
    assert "--force" in refused.err
    assert site.run(*fetch, "--force").code == 0
    assert (tmp_path / "mine").read_bytes() == EVERY_BYTE


@pytest.mark.req("INT-2")
def test_a_file_is_not_read_beyond_five_mebibytes(site: Any, file: Path) -> None:
    with file.open("wb") as big:
        big.truncate(MAX_BYTES + 1)
    answer = site.run("request", "attach", "1", str(file), "--json")
    assert (answer.code, answer.data["error"]["faults"][0]["code"]) == (2, "too-large")
    assert site.run("request", "attachments", "1", "--json").data["items"] == []


def test_every_fault_of_a_file_is_told_at_once(site: Any, file: Path) -> None:
    file.write_bytes(b"")
    answer = site.run("request", "attach", "1", str(file), "--name", "a/b", "--media-type", "", "--json")
    assert answer.code == 2
    assert {f["path"] for f in answer.data["error"]["faults"]} == {"name", "content", "media_type"}


def test_files_that_cannot_be_read_or_written_are_usage_errors(site: Any, file: Path, tmp_path: Path) -> None:
    added = attached(site, file)
    nowhere = str(tmp_path / "no" / "folder")
    answers = [
        site.run("request", "attach", "1", nowhere),
        site.run("request", "attach", "1", str(tmp_path)),
        site.run("request", "attachment", "1", added["id"]),
        site.run("request", "attachment", "1", added["id"], "--out", nowhere),
        site.run("request", "attachment", "1", added["id"], "--out", str(tmp_path)),
    ]
    assert [a.code for a in answers] == [2] * 5
    assert "Traceback" not in "".join(a.err for a in answers)


@pytest.mark.req("CARD-6")
def test_what_is_not_there_or_anothers_is_not_found(site: Any, file: Path, tmp_path: Path) -> None:
    added, out = attached(site, file), tmp_path / "out"
    answers = [
        site.run("request", "attachment", "1", "0" * 16, "--out", str(out)),
        site.run("request", "attachment", "1", added["id"], "--out", str(out), "--as", "otto"),
        site.run("request", "attachments", "1", "--as", "otto"),
        site.run("request", "attach", "1", str(file), "--as", "otto"),
        site.run("request", "attach", "7", str(file)),
    ]
    assert [a.code for a in answers] == [4] * 5
    assert not out.exists()


def test_a_request_that_has_ended_takes_no_files(site: Any, file: Path) -> None:
    assert site.run("request", "cancel", "1", "--reason", "r").code == 0
    answer = site.run("request", "attach", "1", str(file), "--json")
    assert (answer.code, answer.data["error"]["code"]) == (2, "conflict")
