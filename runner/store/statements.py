"""The named statements of sql/*.sql, in the dialect of one database."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


@cache
def statements(dialect: str) -> dict[str, str]:
    """Every statement by name. Two of one name, in whatever file, stop the start."""
    found: dict[str, str] = {}
    for file in sorted(f.name for f in files("runner.store.sql").iterdir() if f.name.endswith(".sql")):
        for name, body in _split(files("runner.store.sql").joinpath(file).read_text(encoding="utf-8")):
            if name in found:
                raise ValueError(f"two statements are called {name!r}")
            found[name] = _translate(body, dialect)
    return found


def _split(text: str) -> list[tuple[str, str]]:
    parts = _NAME.split(text)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _translate(body: str, dialect: str) -> str:
    """Keep what is marked for this database (`/*pg … */`, `/*lite … */`), drop what is for the other."""
    sql = "\n".join(line for line in body.splitlines() if not line.startswith("--")).strip()
    ours, other = ("lite", "pg") if dialect == "sqlite" else ("pg", "lite")
    sql = re.sub(rf"/\*{other}\b.*?\*/", "", sql, flags=re.DOTALL)
    sql = re.sub(rf"/\*{ours}\b(.*?)\*/", r"\1", sql, flags=re.DOTALL)
    return sql if dialect == "sqlite" else _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))
