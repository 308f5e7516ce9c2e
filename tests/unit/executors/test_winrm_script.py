"""What goes in through standard input comes out on the other side, and nothing of it is ever in the command line."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.command import PowerShell
from domain.errors import Mistake
from executors.winrm_script import BOOT, COMMAND_LINE, MAX_STDIN_BYTES, PIECE_BYTES, stdin_pieces

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def powershell(script: str = "1", **args: Any) -> PowerShell:
    return PowerShell(host="acme/prod/app1", script=script, args=args)


@given(st.text(), st.dictionaries(st.text(), JSON, max_size=5))
def test_any_script_and_arguments_come_out_as_they_went_in(script: str, args: dict[str, Any]) -> None:
    data = b"".join(stdin_pieces(PowerShell(host="h", script=script, args=args)))
    assert data.isascii()
    assert json.loads(data) == {"script": script, "args": args}


@given(st.dictionaries(st.text(min_size=1), JSON, min_size=1, max_size=3))
def test_input_that_arrives_twice_or_in_part_is_no_json_and_so_never_runs(args: dict[str, Any]) -> None:
    data = b"".join(stdin_pieces(PowerShell(host="h", script="1", args=args)))
    for wrong in (data + data, data[:-1], data[: len(data) // 2]):
        with pytest.raises(ValueError):  # noqa: PT011 - the type is the point
            json.loads(wrong)


def test_the_command_line_is_the_same_for_every_script_and_short_enough_for_cmd() -> None:
    program, _, encoded = COMMAND_LINE.rpartition(" ")
    assert program.startswith("powershell.exe ")
    assert program.endswith("-EncodedCommand")
    assert base64.b64decode(encoded).decode("utf-16-le") == BOOT
    assert len(COMMAND_LINE) < 8191


def test_the_bootstrap_begins_with_the_line_that_names_its_version() -> None:
    assert BOOT.splitlines()[0] == "# yunwei boot/1"


def test_input_is_cut_into_pieces_that_fit_an_envelope() -> None:
    pieces = stdin_pieces(powershell("x" * (2 * PIECE_BYTES)))
    assert len(pieces) == 3
    assert max(map(len, pieces)) <= PIECE_BYTES
    assert json.loads(b"".join(pieces))["args"] == {}


def test_input_over_the_limit_is_refused() -> None:
    with pytest.raises(Mistake) as refused:
        stdin_pieces(powershell("界" * (MAX_STDIN_BYTES // 6)))
    assert refused.value.facts["max_bytes"] == MAX_STDIN_BYTES


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}])
def test_arguments_that_are_not_json_are_refused(value: object) -> None:
    with pytest.raises(Mistake):
        stdin_pieces(powershell(value=value))
