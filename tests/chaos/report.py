"""What a run prints: one line of JSON a configuration, a table, and a file with everything when something is wrong."""

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.chaos.history import History, dumped
from tests.chaos.oracle import MUST_BE_0

Row = dict[str, Any]


def row_of(name: str, run: History, found: Mapping[str, list[Any]], counts: Mapping[str, int], more: Row) -> Row:
    """The figures of one configuration."""
    states = Counter(job.state for job in run.jobs.values())
    return {
        "configuration": name,
        "jobs": len(run.asked),
        "accepted": sum(1 for a in run.asked if a.number is not None),
        "refused": sum(1 for a in run.asked if a.refused),
        "asked again": sum(a.closed for a in run.asked),
        "worker kills": counts.get("worker kills", 0),
        "portal kills": counts.get("portal kills", 0),
        "stops": counts.get("stops", 0),
        "store restarts": counts.get("store restarts", 0),
        "bell restarts": counts.get("bell restarts", 0),
        "faults": counts.get("faults", 0),
        "SQL faults": counts.get("SQL faults", 0),
        "SQL restarts": counts.get("SQL restarts", 0),
        "operations": dict(sorted(Counter(job.operation for job in run.jobs.values()).items())),
        "batches": sum(len(rows) for rows in run.data.rows.values()),
        "databases left over": len(run.data.strays),
        "files left in exchange": len(run.data.left_in_exchange),
        "effects": sum(1 for e in run.effects if e["kind"] == "iisreset"),
        **{name: len(found[name]) for name in MUST_BE_0},
        "needs-attention": len(run.evidence),
        "with evidence": sum(1 for case in run.evidence if case["evidence"]),
        "states": dict(sorted(states.items())),
        "audit ok": run.audit_ok,
        **more,
    }


def spread(times_s: Sequence[float]) -> Row:
    """The reconcile times of a run."""
    if not times_s:
        return {"reconciled": 0, "reconcile p50 s": None, "reconcile max s": None}
    middle, most = round(statistics.median(times_s), 2), round(max(times_s), 2)
    return {"reconciled": len(times_s), "reconcile p50 s": middle, "reconcile max s": most}


def table(rows: Sequence[Row]) -> str:
    """All configurations side by side; what must be 0 is marked."""
    names = [name for name in rows[0] if name != "configuration"]
    head = f"{'':44}" + "".join(f"{row['configuration']:>16}" for row in rows)
    lines = [_line(name, rows) for name in names if name not in ("states", "operations")]
    states = [f"{row['configuration']} ended as: {row['states']}" for row in rows]
    return "\n".join([head, *lines, *states])


def dump(path: Path, seed: int, run: History, found: Mapping[str, list[Any]]) -> None:
    """Write what is needed to look: the seed, the jobs concerned, their events and effects."""
    numbers = sorted({n for ns in found.values() for n in ns if isinstance(n, int)})
    head = json.dumps({"seed": seed, "found": found}, ensure_ascii=False)
    lines = [dumped(run.jobs[n], run.effects) for n in numbers if n in run.jobs]
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def _line(name: str, rows: Sequence[Row]) -> str:
    mark = " (must be 0)" if name in MUST_BE_0 else ""
    return f"{name + mark:44}" + "".join(f"{_cell(row.get(name)):>16}" for row in rows)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)
