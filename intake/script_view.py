"""Scripts and batches as plain data, for the API and `--json`: one shape for both."""

from typing import Any

from intake.parts import Parts
from intake.scripts import Script


def of_script(script: Script) -> dict[str, Any]:
    same = ("id", "name", "place", "size", "sha256", "batches", "runs", "found", "risky")
    return {**{k: getattr(script, k) for k in same}, "findings": [dict(f) for f in script.findings]}


def of_parts(page: Parts) -> dict[str, Any]:
    items = [dict(item) for item in page.items]
    return {"step": page.step, "counts": dict(page.counts), "items": items, "next": page.next}
