"""Parameters are checked against the operation's own fields, all faults at once, and described by the same fields."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Mistake
from domain.operation import Operation
from domain.parameters import MAX_TEXT, build, check, schema
from domain.text import Text


@dataclass(frozen=True, kw_only=True)
class Sample(Operation):
    """An operation with a parameter of every kind."""

    name: ClassVar[str] = "sample"
    notes: ClassVar[dict[str, Text]] = {n: Text(n, n) for n in ("database", "mode", "rows", "share", "force", "label")}
    database: str = field(metadata={"pattern": r"[A-Z]\w*", "max_length": 20})
    mode: Literal["fast", "safe"] = "safe"
    rows: int = field(default=10, metadata={"min": 1, "max": 100})
    share: float = 0.5
    force: bool = False
    label: str = ""


def faults(**params: Any) -> list[tuple[str, str]]:
    return [(f.path, f.code) for f in check(Sample, params)]


@pytest.mark.req("CORE-6")
def test_every_fault_is_told_at_once_with_its_path() -> None:
    found = faults(mode="wild", rows=0, share="half", force=1, colour="red")
    assert sorted(path for path, _ in found) == [
        "params.colour",
        "params.database",
        "params.force",
        "params.mode",
        "params.rows",
        "params.share",
    ]
    assert ("params.colour", "unknown") in found
    assert ("params.database", "missing") in found


@pytest.mark.parametrize(
    ("params", "good"),
    [
        ({"database": "AIS1"}, True),
        ({"database": "ais1"}, False),
        ({"database": "A" * 21}, False),
        ({"database": "AIS1\n"}, False),
        ({"database": "AIS1", "rows": 100}, True),
        ({"database": "AIS1", "rows": 101}, False),
        ({"database": "AIS1", "rows": True}, False),
        ({"database": "AIS1", "rows": 1.0}, False),
        ({"database": "AIS1", "share": 1}, True),
        ({"database": "AIS1", "share": True}, False),
        ({"database": "AIS1", "force": "yes"}, False),
        ({"database": "AIS1", "label": "x" * (MAX_TEXT + 1)}, False),
        ({"database": None}, False),
    ],
)
def test_types_and_limits(params: dict[str, Any], good: bool) -> None:
    assert (check(Sample, params) == ()) is good
    if good:
        assert build(Sample, params) == Sample(**params)
    else:
        with pytest.raises(Mistake):
            build(Sample, params)


_values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.lists(st.integers()))


@given(st.dictionaries(st.sampled_from(["database", "mode", "rows", "share", "force", "label", "x"]), _values))
def test_any_mapping_is_built_or_every_fault_is_told(params: dict[str, Any]) -> None:
    found = check(Sample, params)
    if found:
        assert all(f.text.zh and f.text.en and f.path.startswith("params.") for f in found)
    else:
        assert isinstance(build(Sample, params), Sample)


def test_the_schema_is_valid_and_agrees_with_the_check() -> None:
    described = schema(Sample)
    jsonschema.Draft202012Validator.check_schema(described)
    validator = jsonschema.Draft202012Validator(described)
    assert validator.is_valid({"database": "AIS1", "mode": "fast"})
    for bad in ({}, {"database": "AIS1", "mode": "wild"}, {"database": "AIS1", "rows": 0}, {"database": "A", "x": 1}):
        assert not validator.is_valid(bad)
        assert check(Sample, bad)
