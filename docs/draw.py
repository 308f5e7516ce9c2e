"""Draw the pages that tell what the code tells: `python -m docs.draw` writes, `--check` fails if one differs."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from docs.drawing import errors, letters, life, operations, policies
from playbooks import OPERATIONS

FOLDER: Final = Path(__file__).parent
NOTE: Final = "<!-- Drawn from the code by docs/draw.py. Do not edit: run `python -m docs.draw`. -->\n\n"

_PAGES: Final[dict[str, Callable[[], str]]] = {
    "life.md": life.page,
    "letters.md": letters.page,
    "policies.md": policies.page,
    "errors.md": errors.page,
    "operations/README.md": operations.index,
}


def pages() -> dict[str, str]:
    """Every drawn page, by its path below docs/."""
    drawn = {path: NOTE + draw() for path, draw in _PAGES.items()}
    return drawn | {f"operations/{o.name}.md": NOTE + operations.page(o) for o in OPERATIONS}


def differing(folder: Path = FOLDER) -> list[str]:
    """The pages that are missing, changed by hand, out of date, or of an operation that is no more."""
    wanted = pages()
    stale = [path for path, text in wanted.items() if _read(folder / path) != text]
    found = {f"operations/{p.name}" for p in (folder / "operations").glob("*.md")}
    return sorted(stale) + sorted(found - wanted.keys())


def write(folder: Path = FOLDER) -> list[str]:
    """Write every page; answers those that changed."""
    changed = differing(folder)
    wanted = pages()
    for path in changed:
        if path in wanted:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(wanted[path], encoding="utf-8")
        else:
            (folder / path).unlink()
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """0: written, or nothing differs; 1: something differs."""
    parser = argparse.ArgumentParser(prog="docs.draw", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a page differs")
    check = parser.parse_args(arguments).check
    found = differing() if check else write()
    for path in found:
        sys.stdout.write(f"docs/{path} {'differs: run python -m docs.draw' if check else 'written'}\n")
    return 1 if check and found else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
