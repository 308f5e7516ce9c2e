"""`python -m bench.table FILE`: the numbers of a run as Markdown, for docs/benchmarks.md."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

_STORES: Final = ("SQLite", "huey", "DBOS", "PostgreSQL", "huey", "procrastinate", "DBOS")
_HEAD: Final = ("row", "what", "unit", *_STORES, "target", "met")
_ANY: Final = "any"


def table(document: Mapping[str, Any]) -> str:
    """Two paragraphs about the run and one line for each row."""
    return "\n".join([*_about(document), "", *_lines(document["rows"])]) + "\n"


def _about(document: Mapping[str, Any]) -> Iterator[str]:
    machine = document["machine"]
    yield (
        f"Measured {document['at']}: {machine['cpus']} CPUs, {machine['memory_gib']:.3g} GiB, {machine['system']}, "
        f"Python {machine['python']}; {'; '.join(document['stores'].values())}; took {document['seconds']:.0f} s."
    )
    if document["quick"]:
        yield "\nA quick run: it shows that the program works; its numbers mean nothing."
    for name, why in document["failures"].items():
        yield f"\n`{name}` could not be measured: {why}"


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield _line(_HEAD)
    yield _line(["---"] * len(_HEAD))
    yield from (_line(_cells(row)) for row in rows)


def _cells(row: Mapping[str, Any]) -> list[str]:
    values = [_value(row, peer, store) for peer, store in _COLUMNS]
    return [f"`{row['name']}`", row["about"], row["unit"], *values, _target(row["target"]), _met(row)]


_COLUMNS: Final = (
    ("ours", "sqlite"),
    ("huey", "sqlite"),
    ("dbos", "sqlite"),
    ("ours", "postgresql"),
    ("huey", "postgresql"),
    ("procrastinate", "postgresql"),
    ("dbos", "postgresql"),
)


def _value(row: Mapping[str, Any], peer: str, store: str) -> str:
    """What does not depend on the store is shown in the first pair of columns."""
    values = row.get(peer, {})
    value = values.get(store, values.get(_ANY) if store == "sqlite" else None)
    return "" if value is None else f"{value:,g}"


def _target(target: Mapping[str, Mapping[str, float]]) -> str:
    ((side, limits),) = target.items()
    sign = "≤" if side == "at_most" else "≥"
    return ", ".join(f"{sign} {limit:,g}" + ("" if store == _ANY else f" ({store})") for store, limit in limits.items())


def _met(row: Mapping[str, Any]) -> str:
    if row["met"] is None:
        return ""
    missed = [store for store, met in row["met_on"].items() if not met]
    return "yes" if not missed else f"no ({', '.join(missed)})"


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
