"""Plan cases: a place and parameters on one side, the steps on the other, as files that people read and compare.

`python -m tests.plan_cases` writes the steps of every case anew; look at the difference before you commit it.
"""

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from domain.catalog import Catalog
from domain.places import Place
from inventory.load import load
from playbooks import OPERATIONS
from playbooks import scripts as scripts_package
from playbooks.scripts import load as script_text

CASES: Final = Path(__file__).parent / "plans"
EXAMPLE: Final = Path(__file__).parents[1] / "inventory" / "estate" / "example.yml"


def cases(operation: str) -> list[Path]:
    """The cases of one operation."""
    return sorted((CASES / operation).glob("*.json"))


def steps_of(case: dict[str, Any], operation: str) -> list[dict[str, Any]]:
    """The steps that the operation plans for a case's place and parameters; each script by its name."""
    built = Catalog(OPERATIONS).build(operation, case["params"])
    steps = [s.as_data() for s in built.plan(_place(case))]
    plain: list[dict[str, Any]] = json.loads(json.dumps(steps))
    return [_named(s, _script_names()) for s in plain]


def _place(case: dict[str, Any]) -> Place:
    """A place of the example estate, without what the case leaves out."""
    with TemporaryDirectory() as folder:  # the example names files beside it
        file = Path(folder) / "estate.yml"
        file.write_bytes(EXAMPLE.read_bytes())
        (file.parent / "ca.pem").touch()
        place = load(file).estate.place(case["place"])
    left_out = dict.fromkeys(case.get("without", ()))
    return replace(place, environment=replace(place.environment, **left_out))


def _script_names() -> dict[str, str]:
    folder = Path(scripts_package.__file__).parent
    return {script_text(f.stem): f"<{f.name}>" for f in folder.glob("*.ps1")}


def _named(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {k: _named(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [_named(v, names) for v in value]
    return names.get(value, value) if isinstance(value, str) else value


def main() -> None:
    """Write the steps of every case."""
    for operation in OPERATIONS:
        for file in cases(operation.name):
            case = json.loads(file.read_text(encoding="utf-8"))
            case["steps"] = steps_of(case, operation.name)
            file.write_text(json.dumps(case, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
