"""Killed at every contact with disk or store: nothing acknowledged is lost, nobody sees half, all can be cleared up."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import NotFound
from tests.contract.objects.conftest import ACCESS, PART, SECRET, Room, key, sha
from tests.contract.objects.test_artifacts import content, read

ROOT = Path(__file__).parents[3]
DATA = content(5 * PART + 7)


def killed_everywhere(room: Room, scenario: str, tmp_path: Path) -> dict[str, list[str]]:
    """Run number → the lines that were acknowledged; the last one went through."""
    acks = tmp_path / "acks"
    acks.mkdir()
    told = {"kind": "local", "scenario": scenario, "folder": str(room.folder), "acks": str(acks), "data": DATA.hex()}
    if room.settings:
        keys = {"access_key": ACCESS, "secret_key": SECRET}
        told |= {"kind": "s3", "settings": {**vars(room.settings), **keys}}
    command = [sys.executable, "-m", "tests.contract.objects.crash", json.dumps(told, default=str)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = {f.name: f.read_text().splitlines() for f in sorted(acks.iterdir(), key=lambda f: int(f.name))}
    assert len(found) == int(done.stdout)
    return found


def clear_up(room: Room) -> None:
    """What a sweeper does in time."""
    assert room.folder is not None
    for entry in (room.folder / "staging").glob(".*"):
        os.utime(entry, (0, 0))
    for found in list(room.store.stale(timedelta(0))):
        room.store.abandon(found)
    assert room.leftovers() == []


@pytest.mark.req("DC-2")
@pytest.mark.parametrize("scenario", ["put", "put_untold"])
@pytest.mark.parametrize("first", ["again", "clear up"])
def test_a_put_killed_anywhere_is_whole_or_absent_and_can_be_done_again(
    durable: Room, scenario: str, first: str, tmp_path: Path
) -> None:
    runs = killed_everywhere(durable, scenario, tmp_path)
    assert len(runs) > 10
    listed = {f.key.run: f.size for f in durable.store.list()}
    assert set(listed.values()) <= {len(DATA)}
    assert {run for run, lines in runs.items() if lines == ["done"]} <= listed.keys()
    if first == "clear up":
        clear_up(durable)
    for run in runs:
        assert durable.store.put(key(run), [DATA]).sha256 == sha(DATA)
        assert read(durable, key(run)) == DATA
    clear_up(durable)
    assert len(list(durable.store.list())) == len(runs)


@pytest.mark.req("DC-7")
def test_an_upload_killed_anywhere_goes_on_from_what_was_acknowledged(durable: Room, tmp_path: Path) -> None:
    runs = killed_everywhere(durable, "upload", tmp_path)
    assert len(runs) >= 20
    resumed = 0
    for run, lines in runs.items():
        last = lines[-1] if lines else ""
        try:
            stored = durable.store.head(key(run))
        except NotFound:
            assert last != "done"
            if not last:
                continue  # killed before the client heard of an upload: a sweeper's work, below
            acknowledged, id_ = last.split()
            begun = durable.store.upload(id_)
            offset = durable.store.offset(begun)
            assert int(acknowledged) <= offset <= len(DATA)
            durable.store.append(begun, offset, [DATA[offset:]])
            stored = durable.store.finish(begun, sha(DATA))
            resumed += 1
        assert stored.sha256 == sha(DATA)
        assert read(durable, key(run)) == DATA
    assert resumed > 10
    clear_up(durable)


@pytest.mark.req("DC-2")
def test_a_put_in_parts_goes_on_after_a_crash_with_the_parts_that_arrived(s3: Room, tmp_path: Path) -> None:
    """Every part that the record knows is sent once in all."""
    assert s3.lab is not None
    runs = killed_everywhere(s3, "put", tmp_path)
    spared = 0
    for run in runs:
        name = f"yunwei/artifacts/{key(run)}"
        uploads = [m for m in s3.lab.bucket.multiparts.values() if m.key == name]
        before = sum(len(m.parts) for m in uploads)
        sent = len([e for e in s3.lab.switch.effects if e.action == "UploadPart" and e.key == name])
        s3.store.put(key(run), [DATA], size=len(DATA), sha256=sha(DATA))
        again = len([e for e in s3.lab.switch.effects if e.action == "UploadPart" and e.key == name]) - sent
        assert again <= 6
        if uploads:
            spared += 6 - again
            assert 6 - again <= before
    assert spared > 10
    clear_up(s3)
