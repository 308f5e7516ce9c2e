"""Where one measure takes place: a folder of its own, and a database of its own when the store is PostgreSQL."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

STORES: Final = ("sqlite", "postgresql")
ROOT: Final = Path(__file__).absolute().parent.parent
_SITE: Final = "BENCH_SITE"


@dataclass(frozen=True, kw_only=True)
class Site:
    """Handed to worker processes through their environment. `database` is a libpq URL, empty on SQLite."""

    store: str
    home: str
    estate: str
    database: str = ""
    lease_s: float = 15.0

    @property
    def store_url(self) -> str:
        return self.database.replace("postgresql://", "postgresql+psycopg://") or f"sqlite:///{self.home}/yunwei.db"

    @property
    def bell_url(self) -> str:
        return self.database or f"sqlite:///{self.home}/bell.db"

    def environment(self) -> dict[str, str]:
        """The environment of a process that works here."""
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        return {**os.environ, _SITE: json.dumps(asdict(self)), "TZ": "UTC", "PYTHONPATH": path}


def site_from(environment: Mapping[str, str] = os.environ) -> Site:
    """The site a worker process was started for."""
    return Site(**json.loads(environment[_SITE]))
