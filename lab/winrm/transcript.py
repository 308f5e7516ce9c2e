"""One line of JSON for each request, for tests and for curious readers. Bodies and passwords are never written."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path


class Transcript:
    """Appends to a file; does nothing without one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()

    def write(self, **facts: object) -> None:
        """Add a line."""
        if self._path is None:
            return
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **facts})
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
