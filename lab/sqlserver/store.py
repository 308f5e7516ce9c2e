"""The databases of an instance: their files and states, kept in `instance.json` over restarts."""

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab.sqlserver.disk import Disk
from lab.sqlserver.errors import SqlError
from lab.sqlserver.kinds import now_text

SYSTEM = ("master", "tempdb", "model", "msdb")
PAGE = 8192
_OWN_TABLES = """
CREATE TABLE "lab$users" (name TEXT COLLATE NOCASE PRIMARY KEY, sid TEXT, roles TEXT NOT NULL DEFAULT '');
CREATE TABLE "lab$modules" (
  name TEXT COLLATE NOCASE PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, parent TEXT NOT NULL);
CREATE TABLE "lab$grants" (
  principal TEXT COLLATE NOCASE, verb TEXT, permission TEXT, object TEXT COLLATE NOCASE,
  PRIMARY KEY (principal, permission, object));
CREATE TABLE "lab$identity" ("table" TEXT COLLATE NOCASE PRIMARY KEY, "column" TEXT NOT NULL);
"""


@dataclass
class DataFile:
    """A file of a database; `type` is ROWS or LOG."""

    logical: str
    physical: str
    type: str


@dataclass
class Database:
    """A database as the instance knows it. `generation` grows when its file is another one (sessions attach anew)."""

    id: int
    name: str
    owner: str
    created: str
    files: list[DataFile] = field(default_factory=list)
    state: str = "ONLINE"
    access: str = "MULTI_USER"
    recovery: str = "SIMPLE"
    collation: str = "Chinese_PRC_CI_AS"
    compatibility: int = 160
    trustworthy: bool = False
    read_only: bool = False
    family: str = ""
    laid_down: bool = True
    single: int = 0
    generation: int = 0
    busy: bool = False

    @property
    def schema(self) -> str:
        """Its name inside a session's SQLite connection; a rename does not change it."""
        return f"db{self.id}"


class Store:
    """All databases. Methods that change something save before they return."""

    def __init__(self, folder: Path, disk: Disk, *, data: str, log: str, collation: str, compatibility: int) -> None:
        self.disk = disk
        self.data_folder, self.log_folder = data, log
        self.collation, self.compatibility = collation, compatibility
        self.lock = threading.RLock()
        self._path = folder / "instance.json"
        stored = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else []
        self.databases = [Database(**{**d, "files": [DataFile(**f) for f in d["files"]]}) for d in stored]
        for database in self.databases:
            database.single, database.busy = 0, False
        for name in SYSTEM[len(self.databases) :]:
            self.create(name, owner="sa")

    def save(self) -> None:
        """Write all states; a rename makes it whole or not at all."""
        with self.lock:
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps([asdict(d) for d in self.databases], indent=1), encoding="utf-8")
            fresh.replace(self._path)

    def find(self, name: str) -> Database | None:
        """By name, without regard to case."""
        with self.lock:
            return next((d for d in self.databases if d.name.lower() == name.lower()), None)

    def get(self, name: str) -> Database:
        """By name. Raises SqlError 911."""
        found = self.find(name)
        if found is None:
            raise SqlError(911, name)
        return found

    def by_id(self, number: int) -> Database | None:
        """By database_id."""
        return next((d for d in self.databases if d.id == number), None)

    def usable(self, name: str) -> Database:
        """A database that is online. Raises SqlError 911, 927, 942."""
        found = self.get(name)
        if found.state == "RESTORING":
            raise SqlError(927, found.name)
        if found.state != "ONLINE":
            raise SqlError(942, found.name)
        return found

    def default_files(self, name: str) -> list[DataFile]:
        """Where the files of a new database go."""
        rows = DataFile(logical=name, physical=f"{self.data_folder}\\{name}.mdf", type="ROWS")
        return [rows, DataFile(logical=f"{name}_log", physical=f"{self.log_folder}\\{name}_log.ldf", type="LOG")]

    def create(self, name: str, *, owner: str, files: list[DataFile] | None = None) -> Database:
        """An empty database with its files. Raises SqlError 1801, 1834."""
        database = self.register(name, owner=owner, files=files or self.default_files(name))
        make_empty(self.path(database))
        self.log_path(database).write_bytes(b"\0" * PAGE)
        self.save()
        return database

    def register(self, name: str, *, owner: str, files: list[DataFile]) -> Database:
        """The entry alone, as at the start of a restore."""
        with self.lock:
            if self.find(name):
                raise SqlError(1801, name)
            for file in files:
                self.refuse_taken(file.physical)
            number = max((d.id for d in self.databases), default=0) + 1
            created = now_text()
            database = Database(id=number, name=name, owner=owner, created=created, files=files)
            database.collation, database.compatibility = self.collation, self.compatibility
            database.family = str(uuid.uuid4()).upper()
            self.databases.append(database)
            self.save()
        return database

    def refuse_taken(self, physical: str, *, but: Database | None = None) -> None:
        """Raises SqlError 1834 when a database uses that file."""
        for other in self.databases:
            if other is not but and any(f.physical.lower() == physical.lower() for f in other.files):
                raise SqlError(1834, physical, other.name)

    def remove(self, database: Database) -> None:
        """The entry and its files."""
        with self.lock:
            self.databases.remove(database)
            self.save()
        for file in database.files:
            self.disk.path(file.physical).unlink(missing_ok=True)

    def path(self, database: Database) -> Path:
        """The data file on this machine."""
        return self.disk.path(next(f.physical for f in database.files if f.type == "ROWS"))

    def log_path(self, database: Database) -> Path:
        """The (empty) log file on this machine."""
        return self.disk.path(next(f.physical for f in database.files if f.type == "LOG"))

    @contextmanager
    def opened(self, database: Database) -> Iterator[sqlite3.Connection]:
        """A connection of the server itself, committed at the end."""
        with closing(sqlite3.connect(self.path(database), timeout=10)) as connection, connection:
            yield connection


def make_empty(path: Path) -> None:
    """A new data file with the lab's own tables. Raises SqlError 3201-like OSError when the folder is missing."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA page_size={PAGE}; PRAGMA journal_mode=DELETE; {_OWN_TABLES}")
        connection.commit()
