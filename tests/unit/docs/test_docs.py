"""The documents are true of the code: pages are current, links lead somewhere, names exist."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from docs import draw
from inventory.settings import KINDS, PREFIX

ROOT: Final = Path(__file__).parents[3]
DOCS: Final = ROOT / "docs"
PAGES: Final = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md")))
NOUNS: Final = """
    tenant environment place host estate account role operator operation trait request version draft desk catalog check
    policy rulebook situation moment reason decision verdict quota cutoff grace misfire job state move event store claim
    worker lease beat epoch hold fence token run marker seal bell ring sweep plan step look reading judgement evidence
    doubt reconcile resolve stop wire executor command call portal feed problem fault secret clock lab ledger simulator
""".split()  # noqa: SIM905  a list to read


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _outside_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", _outside_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_drawn_page_is_current() -> None:
    assert draw.differing() == []


def test_a_drawn_page_that_was_changed_by_hand_is_noticed_and_drawn_anew(tmp_path: Path) -> None:
    draw.write(tmp_path)
    (tmp_path / "life.md").write_text("by hand", encoding="utf-8")
    (tmp_path / "operations" / "gone.md").write_text("of an operation that is no more", encoding="utf-8")
    assert draw.differing(tmp_path) == ["life.md", "operations/gone.md"]
    draw.write(tmp_path)
    assert draw.differing(tmp_path) == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", _outside_code(page.read_text(encoding="utf-8"))):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{_name(page)} links to {link}"
        assert not anchor or anchor in _anchors(target), f"{_name(page)} links to the heading {link}"


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    spans = [s for p in PAGES for s in re.findall(r"`{1,3}\n?(make [^`]*)`", p.read_text(encoding="utf-8"))]
    named = {word for s in spans for word in re.findall(r"make ([a-z]+)", s)}
    assert {"demo", "test", "check", "bench", "chaos", "sim", "spec"} <= named <= targets


def test_every_variable_that_is_named_is_read_and_every_setting_is_named() -> None:
    named = {v for p in PAGES for v in re.findall(r"YUNWEI_[A-Z_]*[A-Z]", p.read_text(encoding="utf-8"))}
    settings = {PREFIX + name.upper() for name in KINDS}
    readers = [*(ROOT / "commands").glob("*.py"), ROOT / "tests/acceptance/sql/conftest.py"]
    sources = "".join(p.read_text(encoding="utf-8") for p in readers)
    others = {v for v in named - settings if f'"{v}"' in sources}
    assert named == settings | others
    assert {"YUNWEI_USER", "YUNWEI_LANG"} <= others


def test_the_glossary_has_every_noun() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert [n for n in NOUNS if not re.search(rf"^\| \*\*{n}\*\*", text, re.MULTILINE)] == []


def test_the_glossary_explains_no_noun_twice() -> None:
    nouns = re.findall(r"^\| \*\*([^*]+)\*\*", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [a for a, b in pairwise(sorted(nouns)) if a == b] == []


def test_every_dependency_has_its_line_among_the_decisions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for group in project["optional-dependencies"].values() for d in group)]
    text = (DOCS / "decisions" / "0013-dependencies.md").read_text(encoding="utf-8")
    cells = {name for row in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE) for name in re.split(r", |\[", row)}
    assert [d for d in wanted if re.split(r"[>=<\[]", d)[0] not in cells] == []


def test_every_decision_is_in_the_list_and_the_numbers_have_no_gap() -> None:
    files = sorted(p.name for p in (DOCS / "decisions").glob("0*.md"))
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
    listed = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    assert [name for name in files if f"({name})" not in listed] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    last = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-1]
    assert f"| `{last}` | **the test command**" in (ROOT / "README.md").read_text(encoding="utf-8")
