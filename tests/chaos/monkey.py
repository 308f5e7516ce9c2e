"""The monkey: at random moments, drawn from the seed, it breaks something. What it did is counted by name."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Final

from tests.chaos.scene import LEASE_S, Scene
from tests.chaos.wishes import now

PAUSE_S: Final = (0.2, 1.4)
OUTAGE_S: Final = (0.3, 2.0)
FROZEN_S: Final = (1.2 * LEASE_S, 2.2 * LEASE_S)
STATEMENTS: Final = ("T_CHAOS", "T_SEC_USER", "BACKUP", "RESTORE", "ALTER DATABASE", "MODIFY NAME")
DATABASE_HOST: Final = "db1"  # where SqlPackage runs
SCRIPT: Final = "iis-restart/1"
COMMANDS: Final = (SCRIPT, "iisreset", "sqlpackage")

_ACTIONS: Final = ("Command", "Receive", "Send", "Create")
_WHEN: Final = ("during", "before", "after")
_MOMENTS: Final = ("before-batch", "after-batch")

Values = dict[str, object]
# What may befall a host: how likely, which fault, and its parameters.
FAULTS: Final[tuple[tuple[int, str, Callable[[random.Random], Values]], ...]] = (
    (
        8,
        "cut",
        lambda c: {"action": c.choice(_ACTIONS), "point": c.choice(("before", "after")), "count": c.choice((1, 2))},
    ),
    (4, "slow", lambda c: {"seconds": c.uniform(0.3, 2.5), "match": SCRIPT}),
    (
        3,
        "hang",
        lambda c: {"seconds": c.uniform(1.5, 2.5) * LEASE_S, "match": c.choice(COMMANDS)},
    ),
    (1, "wire_hang", lambda c: {"action": "Receive", "point": c.choice(("before", "after"))}),
    (3, "reboot_mid_command", lambda c: {"seconds": c.uniform(0.3, 1.5), "when": c.choice(_WHEN), "match": ""}),
    (3, "die_mid_restart", lambda c: {"when": c.choice(("before", "after"))}),
    (2, "access_denied", lambda c: {"what": "command", "count": c.choice((1, 3))}),
    (1, "busy", lambda c: {"action": "Send", "count": 2}),
    (1, "quota_shells", lambda c: {"count": 2}),
)


# What may befall the SQL Server.
SQL_FAULTS: Final[tuple[tuple[int, str, Callable[[random.Random], Values]], ...]] = (
    (8, "cut", lambda c: {"at": c.choice(_MOMENTS), "count": c.choice((1, 2))}),
    (3, "drop_before_commit", lambda _: {}),
    (3, "drop_after_commit", lambda _: {}),
    (3, "kill_session", lambda c: {"match": c.choice(STATEMENTS)}),
    (2, "deadlock", lambda _: {"match": "T_CHAOS"}),
    (
        2,
        "slow",
        lambda c: {"seconds": c.uniform(0.3, 2.5), "match": c.choice((*STATEMENTS, ""))},
    ),
    (2, "disk_full", lambda c: {"percent": c.uniform(5, 95)}),
    (2, "leave_restoring", lambda c: {"percent": c.uniform(5, 95)}),
    (2, "drop_in_backup", lambda c: {"percent": c.uniform(5, 95)}),
)


class Monkey:
    """`start`, then `stop`: it leaves everything healthy again."""

    def __init__(self, scene: Scene) -> None:
        self.counts: Counter[str] = Counter()
        self.kills: list[tuple[int, datetime]] = []
        self._scene = scene
        self._chance = random.Random(f"monkey-{scene.seed}-{scene.plan.name}")
        self._stop = threading.Event()
        self._outages: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._tricks = self._known_tricks()

    def start(self) -> None:
        """From now on nothing is safe."""
        self._thread.start()

    def stop(self) -> None:
        """No more tricks; wait for the end of those that last, and heal the hosts."""
        self._stop.set()
        for thread in (self._thread, *self._outages):
            thread.join()
        self._scene.lab.heal()

    def _run(self) -> None:
        while not self._stop.wait(self._chance.uniform(*PAUSE_S)):
            weights = [weight for weight, _ in self._tricks]
            _, trick = self._chance.choices(self._tricks, weights)[0]
            before = self.counts.copy()
            trick()
            self._note(", ".join(sorted((self.counts - before).keys())))

    def _note(self, what: str) -> None:
        """A line in the diary of the run: what was done, when it was done."""
        with (self._scene.folder / "diary.txt").open("a", encoding="utf-8") as diary:
            diary.write(f"{now():%H:%M:%S.%f} {what}\n")

    def _known_tricks(self) -> list[tuple[int, Callable[[], None]]]:
        tricks = [(12, self._fault), (4, self._kill_worker), (2, self._freeze_worker)]
        tricks += [(8, self._sql_fault), (1, self._restart_sql), (2, self._package_fault)]
        if self._scene.ports:
            tricks += [(2, self._kill_portal)]
        if self._scene.postgres:
            return [*tricks, (1, self._flush), (1, self._crash_valkey), (1, self._crash_postgres)]
        return [*tricks, (1, self._delete_bell)]

    def _fault(self) -> None:
        self._strike(self._chance.choice(self._scene.lab.hosts))

    def _package_fault(self) -> None:
        self._strike(DATABASE_HOST)

    def _strike(self, host: str) -> None:
        _, name, values = self._chance.choices(FAULTS, [weight for weight, _, _ in FAULTS])[0]
        self._scene.lab.fault(host, name, **values(self._chance))
        self.counts["faults"] += 1
        self.counts[f"fault {name}"] += 1

    def _sql_fault(self) -> None:
        _, name, values = self._chance.choices(SQL_FAULTS, [weight for weight, _, _ in SQL_FAULTS])[0]
        self._scene.lab.sql_fault(name, **values(self._chance))
        self.counts["SQL faults"] += 1
        self.counts[f"fault sql {name}"] += 1

    def _restart_sql(self) -> None:
        self._scene.lab.restart_sql()
        self.counts["SQL restarts"] += 1

    def _kill_worker(self) -> None:
        self._kill("worker")

    def _kill_portal(self) -> None:
        self._kill("portal")

    def _kill(self, kind: str) -> None:
        name = self._chance.choice(self._scene.keeper.names(kind))
        pid, at = self._scene.keeper.pid(name), now()
        if self._scene.keeper.kill(name):
            self.counts[f"{kind} kills"] += 1
            if pid and kind == "worker":
                self.kills.append((pid, at))

    def _freeze_worker(self) -> None:
        name, length_s = self._chance.choice(self._scene.keeper.names("worker")), self._chance.uniform(*FROZEN_S)
        frozen = self._scene.keeper.freeze(name)
        if frozen:
            self.counts["stops"] += 1
            self._later(length_s, frozen.thaw)

    def _flush(self) -> None:
        if self._scene.valkey and self._scene.valkey.answers():
            self._scene.valkey.flush()
            self.counts["bell restarts"] += 1

    def _crash_valkey(self) -> None:
        if self._scene.valkey and self._scene.valkey.answers():
            self._scene.valkey.kill()
            self.counts["bell restarts"] += 1
            self._later(self._chance.uniform(*OUTAGE_S), self._scene.valkey.start)

    def _crash_postgres(self) -> None:
        if self._scene.postgres and self._scene.postgres.answers():
            self._scene.postgres.crash()
            self.counts["store restarts"] += 1
            self._later(self._chance.uniform(*OUTAGE_S), self._scene.postgres.start)

    def _delete_bell(self) -> None:
        file = self._scene.bell_file()
        for each in file.parent.glob(file.name + "*"):
            each.unlink(missing_ok=True)
        self.counts["bell restarts"] += 1

    def _later(self, after_s: float, mend: Callable[[], None]) -> None:
        """Mend it after a while, or at once when the run ends."""

        def wait() -> None:
            self._stop.wait(after_s)
            mend()
            self._note(f"mended: {mend.__qualname__}")

        thread = threading.Thread(target=wait, daemon=True)
        self._outages.append(thread)
        thread.start()
