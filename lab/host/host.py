"""One emulated Windows host: the `Machine` that the lab's WinRM server stands in front of."""

import ntpath
import shlex
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lab.host.cmd import find_program, run_line, run_program
from lab.host.console import Console
from lab.host.faults import FaultBook
from lab.host.files import FileTree
from lab.host.iis import Answer, Iis
from lab.host.ledger import Ledger, Origin
from lab.host.moments import stamp, utc_now
from lab.host.processes import KILLED, ProcessTable
from lab.host.services import Services
from lab.host.session import Session, run_to_end
from lab.host.site import SitePort
from lab.host.spec import HostSpec
from lab.machine import WireFault, WirePoint

if TYPE_CHECKING:
    from lab.sqlserver import SqlServer

FOLDERS = ("C:\\Windows\\System32", "C:\\ProgramData", "C:\\inetpub\\wwwroot", "C:\\Temp")


class Host:
    """Implements `lab.machine.Machine`. `start_site` first, `close` at the end."""

    def __init__(self, spec: HostSpec, ledger: Ledger) -> None:
        self.name = spec.name
        self.spec = spec
        self.ledger = ledger
        self.changed = threading.Condition(threading.RLock())
        self.faults = FaultBook()
        self.files = FileTree()
        self.processes = ProcessTable(self.changed)
        self.booted = stamp(utc_now())
        self.boots = 1
        # Told at a reboot: the WinRM server forgets its shells and breaks its connections.
        self.on_reboot: list[Callable[[], None]] = []
        self.sql: SqlServer | None = None
        self._up = True
        self._closed = False
        self._site = SitePort(spec.site_port, self._answer)
        self.iis = Iis(self.changed, self.processes, self.faults, spec, self._site.open)
        self.services = Services(self.changed, self.processes, self.faults, spec.timing, self.iis.service_told)
        self._lay_files()
        self.services.boot()
        self.iis.warm_now()

    @property
    def site_port(self) -> int:
        """The port of the real HTTP site, the same for the life of the host."""
        return self._site.port

    def accounts(self) -> Mapping[str, str]:
        """User name to password."""
        return self.spec.accounts

    def default_codepage(self) -> int:
        """936 for zh-CN, 437 for en-US."""
        return 936 if self.spec.os_lang == "zh-CN" else 437

    def is_up(self) -> bool:
        """False while the host reboots."""
        return self._up

    def wire_fault(self, action: str, point: WirePoint) -> WireFault:
        """The fault that strikes a request on the wire now."""
        if self.faults.take("cut", action=action, point=point):
            return "cut"
        if self.faults.take("wire_hang", action=action, point=point):
            return "hang"
        if point == "after":
            return "none"
        if self.faults.take("busy", action=action):
            return "busy"
        if action == "Create" and self.faults.take("quota_shells"):
            return "quota_shells"
        return "quota_operations" if action == "Command" and self.faults.take("quota_operations") else "none"

    def start(
        self, line: str, *, user: str, codepage: int, skip_cmd_shell: bool, environment: Mapping[str, str], folder: str
    ) -> Console:
        """Start a command line. Raises FileNotFoundError (skip_cmd_shell and no such program), PermissionError."""
        if self.faults.take("access_denied", what="command"):
            raise PermissionError("lab: access denied by fault")
        words = shlex.split(line, posix=False) if skip_cmd_shell else []
        if skip_cmd_shell and not (words and find_program(words[0].strip('"'))):
            raise FileNotFoundError(line)
        entry = self.processes.begin("winrshost.exe" if skip_cmd_shell else "cmd.exe")
        session = Session(
            world=self,
            entry=entry,
            console=Console(entry, self.processes),
            user=user,
            codepage=codepage,
            folder=folder or f"C:\\Users\\{ntpath.basename(user)}",
            environment=_environment(self.name, user) | dict(environment),
        )
        bare = [word.strip('"') for word in words]
        program = (lambda: run_program(session, bare)) if skip_cmd_shell else (lambda: run_line(session, line))
        threading.Thread(target=run_to_end, args=(session, program), name="lab-command", daemon=True).start()
        return session.console

    def reboot(self, down_s: float | None = None, origin: Origin | None = None) -> None:
        """Restart Windows: processes die, files stay; up again after `down_s` (default: as the spec says)."""
        with self.changed:
            if not self._up:
                return
            self._up = False
            self.ledger.record(self.name, "reboot", origin or Origin())
            self.services.halt()
            self.processes.end_all(KILLED)
        for tell in self.on_reboot:
            tell()
        timer = threading.Timer(self.spec.timing.reboot_s if down_s is None else down_s, self._boot)
        timer.daemon = True
        timer.start()

    def clear_faults(self) -> None:
        """Forget every fault; what a fault held in pending state goes on."""
        self.faults.clear()
        self.services.release()

    def wait_up(self, timeout_s: float) -> bool:
        """Wait until the host is up; False when it is not in time."""
        with self.changed:
            return self.changed.wait_for(lambda: self._up, timeout_s)

    def as_json(self) -> dict[str, object]:
        """The state for the control port."""
        return {
            "name": self.name,
            "up": self._up,
            "boot": self.booted,
            "boots": self.boots,
            "os_lang": self.spec.os_lang,
            "services": {each.name: int(each.state) for each in self.services.all()},
            "pools": self.iis.pools(),
            "sites": {self.spec.site: self.iis.site_state()},
            "workers": [{"pid": entry.pid, "pool": pool} for pool, entry in self.iis.workers()],
            "processes": [{"pid": entry.pid, "name": entry.name} for entry in self.processes.all()],
            "site_port": self.site_port,
            "faults": self.faults.active(),
        }

    def close(self) -> None:
        """End every process and give the site's port back."""
        with self.changed:
            self._up, self._closed = False, True
            self.services.halt()
            self.processes.end_all(KILLED)
        self._site.close()

    def _boot(self) -> None:
        with self.changed:
            if self._closed:
                return
            self.booted, self.boots, self._up = stamp(utc_now()), self.boots + 1, True
            self.services.boot()
            self.changed.notify_all()

    def _answer(self, path: str, host: str) -> Answer:
        return self.iis.answer(path, host)

    def _lay_files(self) -> None:
        for folder in FOLDERS:
            self.files.make_folder(folder)
        for path, data in self.spec.files.items():
            self.files.make_folder(ntpath.dirname(path))
            self.files.write(path, data)


def _environment(name: str, user: str) -> dict[str, str]:
    return {
        "COMPUTERNAME": name,
        "USERNAME": ntpath.basename(user),
        "windir": "C:\\Windows",
        "SystemRoot": "C:\\Windows",
        "ProgramData": "C:\\ProgramData",
        "TEMP": "C:\\Temp",
    }
