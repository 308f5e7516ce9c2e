"""Back a data center up."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from domain.command import Reading
from domain.errors import Fault
from domain.operation import Judgement, Lock, Misfire, Operation, Step, Target, Traits
from domain.places import Place
from domain.request import Role
from domain.text import Text
from playbooks import sql_backup, sql_place
from playbooks.sql_backup import Backup, last


@dataclass(frozen=True, kw_only=True)
class BackUp(Operation):
    """Back a data center up to the cloud.

    A full, copy-only backup with checksums to a new file; proven by the server's own history, then by a read of the
    whole file; then stored with its SHA-256. Users go on working meanwhile. It is listed under the backups.
    """

    name: ClassVar[str] = "backup"
    title: ClassVar[Text] = Text("云端备份", "Back up")
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(minutes=15),
        roles=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR, Role.SCHEDULER}),
        interrupts_users=False,
        quota_class="backup",
        lock=Lock.EXCLUSIVE,
        grace=timedelta(hours=1),
        misfire=Misfire.SKIP,
        words={
            "waiting": Text("等待备份中", "waiting to back up"),
            "running": Text("备份中", "backing up"),
            "succeeded": Text("备份成功", "backed up"),
            "failed": Text("备份失败", "backup failed"),
        },
    )
    notes: ClassVar[dict[str, Text]] = {
        "label": Text(
            "备份名称；留空则用数据中心名与作业号", "The backup's name; empty: the data center's and the job's"
        ),
    }

    label: str = field(default="", metadata={"max_length": 80, "pattern": r"[^\x00-\x1f/\\:*?\"<>|]*"})

    def faults(self, place: Place) -> Iterator[Fault]:
        yield from sql_place.no_server(place)

    def plan(self, place: Place) -> Iterator[Step]:
        *steps, drop = Backup(place=place).steps()
        yield from [*steps, last(drop)]

    def judge(self, step: Step, reading: Reading) -> Judgement:
        judgement = sql_backup.judged(step, reading, self.label)
        if judgement is None:
            raise ValueError(f"backup has no step {step.key!r}")
        return judgement
