"""The ledger of effects: what really happened to the hosts. Tests take it as the oracle."""

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from lab.host.moments import stamp, utc_now


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who caused an effect, as far as our own scripts say so."""

    job: str | int | None = None
    token: str | None = None
    epoch: int | None = None


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One thing that happened; `n` counts from 1 without a gap, `at` is wall time in UTC."""

    n: int
    host: str
    at: str
    kind: str
    detail: dict[str, object] = field(default_factory=dict)
    job: str | int | None = None
    token: str | None = None
    epoch: int | None = None


class Ledger:
    """Append-only, also over several starts; each entry is flushed to the file before `record` returns."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._effects = _stored(path) if path and path.exists() else []
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def record(self, host: str, kind: str, origin: Origin, **detail: object) -> Effect:
        """Append one effect and answer it."""
        with self._lock:
            effect = Effect(
                n=len(self._effects) + 1, host=host, at=stamp(utc_now()), kind=kind, detail=detail, **asdict(origin)
            )
            self._effects.append(effect)
            if self._file:
                self._file.write(json.dumps(asdict(effect), ensure_ascii=False) + "\n")
                self._file.flush()
        return effect

    def after(self, n: int = 0) -> list[Effect]:
        """The effects with a number above `n`, in order."""
        with self._lock:
            return self._effects[max(n, 0) :]

    def close(self) -> None:
        """Close the file; entries stay readable in memory."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None


def _stored(path: Path) -> list[Effect]:
    return [Effect(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
