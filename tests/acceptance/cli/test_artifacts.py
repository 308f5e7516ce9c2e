"""Artifacts on the command line: upload and download go on where they were cut off, and are proven by their hash."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from commands import artifact_files
from domain.errors import Text, Unreachable
from intake import uploads
from tests.acceptance.cli.conftest import Deployment
from tests.scans import PDF
from tests.unit.media.files import Backup, Tape

PLACE = "ledger-test/prod/books"
WHOLE = Tape(sets=[Backup(data=bytes(range(256)) * 16_000)]).write()  # four mebibytes
DATA_CENTERS = "data_centers: [{name: books, title: 账套, database: Books}]"


@pytest.fixture
def place(site: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """With a data center, and both letters in effect."""
    text = site.estate.read_text(encoding="utf-8")
    rooms = text.replace("{name: prod, title: 正式环境,", f"{{name: prod, {DATA_CENTERS}, title: 正式环境,")
    site.estate.write_text(rooms, encoding="utf-8")
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(PDF)
    for kind in ("download", "restore"):
        number = str(site.run("letter", "ask", "--kind", kind, "--reason", "r", "--json").data["number"])
        assert site.run("letter", "scan", number, str(scan)).code == 0
        assert site.run("letter", "approve", number, "--as", "olga").code == 0
    for who in ("alice", "otto"):
        assert site.run("user", "contact", who, "--phone", "+8613800001234", "--as", "olga").code == 0
    monkeypatch.setenv("YUNWEI_SMS", "http://127.0.0.1:9/")
    return site


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    file = tmp_path / "季度末.bak"
    file.write_bytes(WHOLE)
    return file


def upload(place: Deployment, file: Path, *more: str) -> Any:
    return coded(place, ("artifact", "upload", str(file), "--place", PLACE, *more))


def coded(place: Deployment, words: tuple[str, ...]) -> Any:
    """The upload with the code that was sent for it. The minute between two is not waited for."""
    with closing(sqlite3.connect(place.home / "yunwei.db")) as store, store:
        store.execute("DELETE FROM code")
    sent = place.run(*words, "--send-code")
    if sent.code != 0:
        return sent
    with closing(sqlite3.connect(place.home / "yunwei.db")) as store:
        query = "SELECT body FROM outbox WHERE kind = 'code' AND body IS NOT NULL ORDER BY id DESC LIMIT 1"
        (body,) = store.execute(query).fetchone()
    found = re.search(r"\b\d{6}\b", json.loads(body)["zh"])
    assert found
    return place.run(*words, "--code", found[0])


@pytest.mark.req("DC-7", "DC-4", "DC-2")
def test_a_backup_goes_there_and_back(place: Deployment, backup: Path, tmp_path: Path) -> None:
    sent = upload(place, backup, "--restore", "--description", "季度末", "--json").data
    assert (sent["state"]["name"], sent["facts"]["database"], sent["facts"]["restore"]) == ("ready", "账套一", True)
    assert sent["sha256"] == hashlib.sha256(WHOLE).hexdigest()
    listed = place.run("artifact", "list", "--json").data["items"]
    assert listed == [place.run("artifact", "show", sent["id"], "--json").data] == [sent]
    out = tmp_path / "back.bak"
    fetched = place.run("artifact", "download", sent["id"], "--out", str(out), "--json").data
    assert (fetched["fetched"], out.read_bytes()) == (len(WHOLE), WHOLE)
    assert place.run("usage", "--json").data["traffic"]["used"] == len(WHOLE)
    again = place.run("artifact", "download", sent["id"], "--out", str(out))
    assert (again.code, "--force" in again.err) == (2, True)
    assert place.run("artifact", "delete", sent["id"]).code == 0
    gone = place.run("artifact", "download", sent["id"], "--out", str(out), "--force")
    assert (gone.code, out.read_bytes() == WHOLE) == (2, True)
    assert place.run("artifact", "show", sent["id"], "--as", "otto").code == 4


def test_people_read_what_was_recognised(place: Deployment, backup: Path) -> None:
    told = upload(place, backup, "--lang", "zh").out
    assert "SQL01\\ERP" in told
    assert "账套一" in told
    assert "可用" in told
    row = place.run("artifact", "list").out.split("\t")
    assert row[1:5] == ["uploaded backup", "ready", PLACE, "季度末.bak"]


@pytest.mark.req("DC-7")
def test_an_upload_that_was_killed_goes_on_with_what_has_arrived(
    place: Deployment, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []

    def killed(file: BinaryIO) -> Iterator[bytes]:
        given.append(file.tell())
        yield file.read(1_500_000)
        raise KeyboardInterrupt

    monkeypatch.setattr(artifact_files, "chunks_of", killed)
    assert upload(place, backup).code != 0
    open_one = place.run("artifact", "list", "--state", "uploading", "--json").data["items"][0]
    monkeypatch.setattr(artifact_files, "chunks_of", lambda file: given.append(file.tell()) or iter(file.read, b""))
    assert upload(place, backup, "--json").data["id"] == open_one["id"]
    assert given == [0, 1_500_000]
    assert len(place.run("artifact", "list", "--json").data["items"]) == 1


@pytest.mark.req("DC-7")
def test_what_is_unreachable_for_a_moment_is_tried_again(
    place: Deployment, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    append = uploads.append

    def flaky(desk: Any, actor: Any, id_: str, offset: int, chunks: Any) -> Any:
        tries.append(offset)
        if len(tries) < 3:
            append(desk, actor, id_, offset, [next(chunks)])
            raise Unreachable(Text("x", "x"))
        return append(desk, actor, id_, offset, chunks)

    monkeypatch.setattr(uploads, "append", flaky)
    monkeypatch.setattr(artifact_files, "FIRST_PAUSE_S", 0.0)
    assert upload(place, backup).code == 0
    assert tries == [0, 1024**2, 2 * 1024**2]


@pytest.mark.req("DC-4")
def test_a_download_goes_on_with_its_part_and_only_the_rest_counts(
    place: Deployment, backup: Path, tmp_path: Path
) -> None:
    sent = upload(place, backup, "--json").data
    out = tmp_path / "back.bak"
    part = tmp_path / f"back.bak.{sent['id']}.part"
    part.write_bytes(WHOLE[:3_000_000])
    fetched = place.run("artifact", "download", sent["id"], "--out", str(out), "--json").data
    assert (fetched["fetched"], out.read_bytes()) == (len(WHOLE) - 3_000_000, WHOLE)
    assert place.run("usage", "--json").data["traffic"]["used"] == len(WHOLE) - 3_000_000
    assert not part.exists()
    part.write_bytes(b"x" + WHOLE[1:])  # not what it should be: found out, and begun anew
    wrong = place.run("artifact", "download", sent["id"], "--out", str(out), "--force")
    assert (wrong.code, part.exists(), out.read_bytes() == WHOLE) == (1, False, True)


@pytest.mark.req("DC-7", "LET-3")
def test_refusals_say_why(place: Deployment, backup: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.bak"
    cut.write_bytes(WHOLE[:-2000])
    refused = upload(place, cut)
    assert refused.code == 2
    assert "its end is missing" in refused.err
    assert place.run("artifact", "list", "--json").data["items"][0]["state"]["name"] == "refused"
    other = coded(place, ("artifact", "upload", str(backup), "--place", PLACE, "--as", "otto"))
    assert other.code == 2
    assert "place" in other.err
    assert upload(place, tmp_path / "scan.pdf").code == 2


@pytest.mark.req("LET-3", "LET-2")
def test_without_letters_a_policy_refuses(site: Deployment, backup: Path) -> None:
    text = site.estate.read_text(encoding="utf-8")
    site.estate.write_text(text.replace("{name: prod,", f"{{name: prod, {DATA_CENTERS},"), encoding="utf-8")
    refused = site.run("artifact", "upload", str(backup), "--place", PLACE)
    assert (refused.code, "restore letter" in refused.err) == (3, True)


@pytest.mark.req("DC-4")
def test_a_link_is_made(place: Deployment, backup: Path) -> None:
    sent = upload(place, backup, "--json").data
    made = place.run("artifact", "link", sent["id"], "--valid", "60", "--portal", "https://ops.example.com/", "--json")
    assert made.data["url"].startswith(f"https://ops.example.com/api/v1/links/{sent['id']}.")
    assert place.run("artifact", "link", sent["id"]).out.startswith("/api/v1/links/")
    assert place.run("artifact", "link", sent["id"], "--valid", "0").code == 2
