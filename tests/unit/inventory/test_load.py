"""Files that cannot be read at all, and junk: a Mistake, a NotFound or a Denied, never another exception."""

import copy
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Denied, Fault, Mistake, NotFound
from domain.rulebook import Rulebook
from inventory.load import MAX_BYTES, load, parse

Faults = tuple[Fault, ...]
FOLDER = Path("/estates/one")
SMALL = "estate: 1\ntenants: [{name: a, title: t, standing: trial, environments: []}]\n"

UNREADABLE = [
    ("", "The file is empty", 1),
    ("# nothing\n", "The file is empty", 1),
    ("- 1\n", "must be a mapping, not a list", 1),
    ("a: [1,\n", "YAML syntax error in line 2, column 1", 2),
    ("a: 1\nb: \x01\n", "YAML syntax error in line 2, column 4", 2),
    ("a: 1\n\tb: 2\n", "YAML syntax error in line 2", 2),
    ("a: 1\n---\nb: 2\n", "expected a single document", 2),
    ("a: 1\nb: &x [1]\n", "Anchors and aliases", 2),
    ("a: 1\nb: *x\n", "Anchors and aliases", 2),
    ("a: !!python/object:os.system {}\n", "Tags (!) are not supported", 1),
    ("[" * 100_000, "Nested deeper than 32", 1),
    ("? [a]\n: 1\n", "A key must be text", 1),
    ("estate: 1\nestate: 1\n", "The key is there twice", 2),
    (b"a: 1\nb: \xff\n", "not UTF-8 in line 2, byte 4", 2),
    (b"#" * (MAX_BYTES + 1), "larger than 8 MiB", 1),
]


@pytest.mark.parametrize(("said", "words", "line"), UNREADABLE, ids=[words for _, words, _ in UNREADABLE])
def test_a_file_that_cannot_be_read_says_why_and_in_which_line(
    said: str | bytes, words: str, line: int, faults_of: Callable[[str | bytes], Faults]
) -> None:
    assert [f.facts["line"] for f in faults_of(said) if words in f.text.en] == [line]


def test_what_is_left_out_is_the_handbooks() -> None:
    inventory = parse(SMALL.encode(), folder=FOLDER)
    assert inventory.rules == Rulebook()
    assert inventory.estate.tenants[0].zone.key == "Asia/Shanghai"
    assert inventory.estate.tenants[0].expires is None


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert parse(b"\xef\xbb\xbf" + SMALL.encode(), folder=FOLDER).estate.tenants[0].name == "a"


def test_no_closed_windows_is_not_the_default() -> None:
    assert parse((SMALL + "policies: {closed_windows: []}").encode(), folder=FOLDER).rules.closed_windows == ()


def test_durations_add_up() -> None:
    said = SMALL + "policies: {default_cutoff: P1DT2H3M4.5S, planning: {range: P2W}}"
    rules = parse(said.encode(), folder=FOLDER).rules
    assert rules.default_cutoff == timedelta(days=1, hours=2, minutes=3, seconds=4.5)
    assert rules.planning.range == timedelta(weeks=2)


def test_at_most_a_thousand_faults_are_listed_and_all_are_counted() -> None:
    with pytest.raises(Mistake, match=r"has 1501 mistakes \(the first 1000 are listed\)") as caught:
        parse(
            (SMALL.replace("name: a", "name: A") + "".join(f"k{i}: 1\n" for i in range(1500))).encode(), folder=FOLDER
        )
    assert len(caught.value.faults) == 1000


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no estate file .*none\.yml"):
        load(tmp_path / "none.yml")


def test_a_folder_is_no_estate_file(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="is not a file"):
        load(tmp_path)


def test_what_the_system_refuses_to_open_is_denied(tmp_path: Path) -> None:
    with pytest.raises(Denied, match="cannot be read"):
        load(tmp_path / ("x" * 5000))


def test_relative_file_names_start_from_the_estate_files_folder(
    tmp_path: Path, example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "estate.yml").write_text(example, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    host = load(Path("estate.yml")).estate.host("ledger-test/prod/app1")
    assert host.winrm.password.name == str(tmp_path / "secrets/app1")


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates() | st.datetimes()
_WORDS = st.sampled_from(["estate", "tenants", "policies", "name", "environments", "freezes", "quotas", "from", "?"])
_JUNK = st.recursive(
    _SCALARS | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | _SCALARS, inner, max_size=4),
    max_leaves=20,
)


@given(_JUNK)
def test_any_yaml_that_is_no_estate_is_a_mistake(junk: Any) -> None:
    with pytest.raises(Mistake) as caught:
        parse(yaml.safe_dump(junk, allow_unicode=True).encode("utf-8", "surrogatepass"), folder=FOLDER)
    assert caught.value.faults


@given(st.binary(max_size=200) | st.text(alphabet="ae:-[]{}&*!|>'\"#%@`?,\n\t 01", max_size=200).map(str.encode))
def test_any_bytes_are_a_mistake(data: bytes) -> None:
    with pytest.raises(Mistake):
        parse(data, folder=FOLDER)


@given(data=st.data())
def test_junk_anywhere_in_the_example_is_a_mistake_or_harmless(data: st.DataObject, example: str) -> None:
    said = copy.deepcopy(yaml.safe_load(example))
    spots = list(_spots(said))
    holder, key = data.draw(st.sampled_from(spots))
    holder[key] = data.draw(_JUNK)
    faults = _faults(yaml.safe_dump(said, allow_unicode=True).encode("utf-8", "surrogatepass"))
    assert all(f.text.en and f.text.zh and f.facts["line"] for f in faults)


def _faults(data: bytes) -> Faults:
    """None when the junk happens to be right, such as another title. No exception but Mistake is let through."""
    try:
        parse(data, folder=FOLDER)
    except Mistake as mistake:
        return mistake.faults
    return ()


def _spots(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _spots(inner)
