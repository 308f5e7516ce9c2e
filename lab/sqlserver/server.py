"""The emulated SQL Server: one instance on one folder."""

import itertools
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from lab.sqlserver.disk import Disk
from lab.sqlserver.errors import SqlError
from lab.sqlserver.faults import FaultBook
from lab.sqlserver.ledger import Ledger
from lab.sqlserver.locks import Locks
from lab.sqlserver.msdb import make_msdb
from lab.sqlserver.prepared import Prepared
from lab.sqlserver.rights import Account, Rights
from lab.sqlserver.session import LabSession
from lab.sqlserver.session_functions import DATABASE_VERSIONS
from lab.sqlserver.store import Database, Store
from lab.tds.answers import Login, Message, Refused

_FIRST_SESSION = 51
_EDITION_IDS = {2: -1534726760, 3: 1804890536, 4: -1592396055}  # Standard, Enterprise, Express
_YEARS = {10: 2008, 11: 2012, 12: 2014, 13: 2016, 14: 2017, 15: 2019, 16: 2022, 17: 2025}


class SqlServer:
    """Implements `lab.tds.answers.Server`. `step_s` is the pause after each hundredth of a backup or restore.

    `drives` is the folder whose sub-folders are the drives (`d/` is `D:`); without it they live in `folder`. `shares`
    are Windows folders that lie elsewhere on this machine.
    """

    store: Store

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        shares: Mapping[str, Path] = {},
        language: str = "en",
        version: tuple[int, int, int] = (16, 0, 1000),
        edition: str = "Standard Edition (64-bit)",
        engine_edition: int = 2,
        collation: str = "Chinese_PRC_CI_AS",
        drives: Path | None = None,
        root: str = "D:\\MSSQL",
        step_s: float = 0.0,
        sa_password: str = "",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.language, self.version, self.step_s = name, language, version, step_s
        self.collation_name = collation
        lcid = b"\x04\x08" if collation.startswith("Chinese") else b"\x09\x04"
        self.collation = lcid + b"\xd0\x00\x34" if lcid[0] == 9 else lcid + b"\xd0\x00\x00"
        self.disk = Disk(drives or folder / "drives", shares)
        self.data_folder, self.log_folder, self.backup_folder = f"{root}\\DATA", f"{root}\\LOG", f"{root}\\Backup"
        for path in (self.data_folder, self.log_folder, self.backup_folder):
            self.disk.make_folder(path)
        self.store = Store(
            folder,
            self.disk,
            data=self.data_folder,
            log=self.log_folder,
            collation=collation,
            compatibility=version[0] * 10,
        )
        make_msdb(self.store)
        self.rights = Rights(folder, self.store)
        if not self.rights.find("sa"):
            self.rights.create("sa", sa_password, roles=("sysadmin",))
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.faults, self.locks, self.handles = FaultBook(), Locks(), Prepared()
        self.database_version = DATABASE_VERSIONS[version[0]]
        self.properties = self._properties(edition, engine_edition)
        self._lock = threading.Lock()
        self._sessions: dict[int, LabSession] = {}
        self._transactions = itertools.count(1)

    def _properties(self, edition: str, engine_edition: int) -> Mapping[str, str | int]:
        number = ".".join(str(n) for n in self.version)
        self.version_text = f"Microsoft SQL Server {_YEARS[self.version[0]]} - {number} (X64) - yunwei lab\n\t{edition}"
        return {
            "productversion": f"{number}.0" if number.count(".") == 2 else number,
            "productmajorversion": str(self.version[0]),
            "productlevel": "RTM",
            "edition": edition,
            "engineedition": engine_edition,
            "editionid": _EDITION_IDS[engine_edition],
            "instancedefaultdatapath": self.data_folder + "\\",
            "instancedefaultlogpath": self.log_folder + "\\",
            "instancedefaultbackuppath": self.backup_folder,
            "collation": self.collation_name,
            "servername": self.name,
            "machinename": self.name,
            "isclustered": 0,
            "ishadrenabled": 0,
        }

    def login(self, login: Login) -> LabSession:
        """A new session. Raises Refused: 18456, after 4060 when the database cannot be entered."""
        account = self.rights.find(login.user)
        if account is None or account.disabled or account.windows or account.password != login.password:
            raise Refused(_error(18456, login.user, self.language))
        wanted = login.database or account.default_database
        with self._lock:
            number = next(n for n in itertools.count(_FIRST_SESSION) if n not in self._sessions)
            session = LabSession(self, number, login, account, "master")
            self._sessions[number] = session
        try:
            for _ in session.enter(wanted):
                pass
        except SqlError as error:
            session.close()
            raise Refused(_error(4060, wanted, self.language), _error(18456, login.user, self.language)) from error
        session.first_database = session.database
        return session

    def create_login(
        self, name: str, password: str, *, roles: tuple[str, ...] = (), databases: Mapping[str, tuple[str, ...]] = {}
    ) -> Account:
        """A login with server roles, and a user with these roles in each of these databases."""
        account = self.rights.create(name, password, roles=roles, default_database=next(iter(databases), "master"))
        for database, given in databases.items():
            self.rights.add_user(self.store.get(database), name, account.sid, given)
        return account

    def create_database(self, name: str, *, owner: str = "sa", recovery: str = "SIMPLE") -> Database:
        """An empty database. Raises SqlError 1801."""
        database = self.store.create(name, owner=owner)
        database.recovery = recovery
        self.store.save()
        return database

    def next_transaction(self) -> int:
        """A transaction's id, never 0."""
        return next(self._transactions)

    def sessions_now(self) -> list[LabSession]:
        """All sessions, by number."""
        with self._lock:
            return [self._sessions[n] for n in sorted(self._sessions)]

    def inside(self, database: Database) -> list[LabSession]:
        """The live sessions whose current database it is."""
        return [s for s in self.sessions_now() if s.killed is None and s.database.lower() == database.name.lower()]

    def end(self, sessions: Iterable[LabSession], *, why: str) -> None:
        """Put sessions in the kill state."""
        for session in sessions:
            session.record("end session", session.database, why=why)
            session.kill()

    def forget(self, session: LabSession) -> None:
        """A session is over: its number and its locks are free. A number that has a new session stays that one's."""
        with self._lock:
            if self._sessions.get(session.number) is not session:
                return
        session.leave()
        self.locks.release_all(session.number)
        self.handles.forget(session.number)
        with self._lock:
            del self._sessions[session.number]

    def detach_all(self, database: Database) -> None:
        """Sessions attach the database anew at their next statement."""
        database.generation += 1

    def exists(self, windows: str) -> tuple[int, int, int]:
        """A file is there, is a folder, has a parent folder."""
        path = self.disk.path(windows)
        return int(path.is_file()), int(path.is_dir()), int(path.parent.is_dir())


def _error(number: int, detail: str, language: str) -> Message:
    return SqlError(number, detail).message(language, 1)
