"""Secrets are opened from where the reference points, or refused without a word about the value."""

import os
from pathlib import Path

import pytest

from domain.errors import Denied
from domain.secret import SecretRef
from inventory.secrets import MAX_BYTES, open_secret


def _file(folder: Path, data: bytes, mode: int = 0o600) -> SecretRef:
    path = folder / "secret"
    path.write_bytes(data)
    path.chmod(mode)
    return SecretRef("file", str(path))


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"hunter2", "hunter2"),
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b"x\n\n", "x\n"),
        ("密 ".encode(), "密 "),
    ],
)
def test_a_file_gives_its_text_without_one_line_end(data: bytes, value: str, tmp_path: Path) -> None:
    assert open_secret(_file(tmp_path, data)).open() == value


def test_a_variable_gives_its_value() -> None:
    assert open_secret(SecretRef("env", "P"), {"P": "hunter2"}).open() == "hunter2"


def test_the_processs_own_environment_is_asked_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNWEI_TEST_SECRET", "hunter2")
    assert open_secret(SecretRef("env", "YUNWEI_TEST_SECRET")).open() == "hunter2"


def test_an_opened_secret_prints_as_dots() -> None:
    assert "hunter2" not in f"{open_secret(SecretRef('env', 'P'), {'P': 'hunter2'})!r}"


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
def test_a_file_that_everybody_may_read_or_write_is_denied_with_what_to_do(mode: int, tmp_path: Path) -> None:
    ref = _file(tmp_path, b"hunter2", mode)
    with pytest.raises(Denied, match="chmod 600") as caught:
        open_secret(ref)
    assert caught.value.facts == {"reference": str(ref)}


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640])
def test_a_file_for_its_owner_and_group_is_opened(mode: int, tmp_path: Path) -> None:
    assert open_secret(_file(tmp_path, b"hunter2", mode)).open() == "hunter2"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"\n", "it is empty"),
        (b"hunter2\xff", "not UTF-8"),
        (b"x" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_a_file_without_a_usable_value_is_denied_without_repeating_it(data: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(Denied, match=words) as caught:
        open_secret(_file(tmp_path, data))
    assert "hunter2" not in f"{caught.value.text} {caught.value.__cause__!r} {caught.value.__context__!r}"


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        (SecretRef("env", "NO_SUCH"), "env:NO_SUCH cannot be used: there is no such environment variable"),
        (SecretRef("env", "EMPTY"), "env:EMPTY cannot be used: it is empty"),
        (SecretRef("env", "BROKEN"), "env:BROKEN cannot be used: it is not UTF-8"),
        (SecretRef("file", "/no/such/file"), "file:/no/such/file cannot be used: cannot be read: No such file"),
        (SecretRef("file", "secrets/app1"), "not a full path"),
        (SecretRef("vault", "x"), "the kind is not known"),
    ],
)
def test_a_reference_that_leads_nowhere_is_denied_by_its_name(ref: SecretRef, words: str) -> None:
    with pytest.raises(Denied, match=words):
        open_secret(ref, {"EMPTY": "", "BROKEN": "\udcff"})


def test_a_pipe_in_the_files_place_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(Denied, match="not a plain file"):
        open_secret(SecretRef("file", str(tmp_path / "pipe")))


def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Denied, match="Is a directory"):
        open_secret(SecretRef("file", str(tmp_path)))
