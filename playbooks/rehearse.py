"""Rehearse a restore: prove that a backup can be restored, without touching the data center."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from domain.command import Reading
from domain.errors import Fault
from domain.operation import Judgement, Lock, Misfire, Operation, Step, Takes, Target, Traits
from domain.places import Place
from domain.request import Role
from domain.text import Text
from playbooks import sql_backup, sql_place, sql_restore
from playbooks.sql_backup import drop_file, last
from playbooks.sql_place import ARTIFACT_ID, newest_backup
from playbooks.sql_restore import Restore


@dataclass(frozen=True, kw_only=True)
class RehearseRestore(Operation):
    """Rehearse the restore of a backup.

    The backup is restored under a name of its own, checked whole (DBCC CHECKDB) and dropped again. The data center is
    not touched, and shows afterwards when it was last proven restorable.
    """

    name: ClassVar[str] = "rehearse"
    title: ClassVar[Text] = Text("恢复演练", "Rehearse a restore")
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(minutes=30),
        roles=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR, Role.SCHEDULER}),
        interrupts_users=False,
        quota_class="rehearse",
        lock=Lock.SHARED,
        grace=timedelta(hours=1),
        misfire=Misfire.SKIP,
        words={"succeeded": Text("演练成功", "proven restorable"), "failed": Text("演练失败", "not restorable")},
    )
    notes: ClassVar[dict[str, Text]] = {
        "artifact": Text(
            "备份或上传文件的编号；留空为最新备份", "The id of a backup or an upload; empty: the newest backup"
        ),
    }
    takes_artifacts: ClassVar[dict[str, Takes]] = {"artifact": Takes(kinds=frozenset({"backup", "upload"}))}

    artifact: str = field(default="", metadata={"pattern": ARTIFACT_ID})

    def faults(self, place: Place) -> Iterator[Fault]:
        yield from sql_place.no_server(place)

    def plan(self, place: Place) -> Iterator[Step]:
        restore = Restore(place=place, word="rehearsal", scratch="{work}-rehearsal")
        yield restore.fetch(artifact=self.artifact or newest_backup(place))
        yield restore.media()
        yield restore.beside()
        yield restore.check(restore.scratch)
        yield restore.drop(restore.scratch, "drop-scratch")
        yield last(drop_file(place, restore.word, restore.file))

    def judge(self, step: Step, reading: Reading) -> Judgement:
        judgement = sql_restore.judged(step, reading) or sql_backup.judged(step, reading)
        if judgement is None:
            raise ValueError(f"rehearse has no step {step.key!r}")
        return judgement
