"""The ledger of effects: what really happened to the databases. Tests take it as the oracle."""

import json
import threading
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One thing that happened; `n` counts from 1 without a gap, `at` is wall time in UTC, ISO 8601."""

    n: int
    at: str
    kind: str
    database: str
    session: int
    program: str
    login: str
    detail: dict[str, object] = field(default_factory=dict)


class Ledger:
    """Append-only, also over several starts; each entry is in the file before `record` returns."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._effects = [Effect(**json.loads(line)) for line in lines]

    def record(
        self, kind: str, database: str, *, session: int, program: str, login: str, detail: dict[str, object]
    ) -> None:
        """Append one effect."""
        with self._lock:
            effect = Effect(
                n=len(self._effects) + 1,
                at=datetime.now(UTC).isoformat(),
                kind=kind,
                database=database,
                session=session,
                program=program,
                login=login,
                detail=detail,
            )
            self._effects.append(effect)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(effect), ensure_ascii=False) + "\n")

    def after(self, n: int = 0, kind: str = "") -> list[Effect]:
        """The effects with a number above `n`, in order; of one kind if given."""
        with self._lock:
            return [e for e in self._effects[max(n, 0) :] if kind in ("", e.kind)]
