"""Import a package into a data center."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from domain.command import Reading
from domain.errors import Fault
from domain.operation import Judgement, Lock, Misfire, Operation, Step, Takes, Target, Traits
from domain.places import Place
from domain.request import Role
from domain.text import Text
from playbooks import sql_backup, sql_package, sql_place, sql_restore
from playbooks.sql_backup import Backup, drop_file
from playbooks.sql_package import Package
from playbooks.sql_place import ARTIFACT_ID
from playbooks.sql_restore import Restore, way_in


@dataclass(frozen=True, kw_only=True)
class ImportPackage(Operation):
    """Import a package (BACPAC, or DACPAC with data) into a data center.

    The target is backed up first. The package is inspected before the server sees it, then loaded into a new database
    beside, under a name that no other attempt has used; that one is checked (DBCC CHECKDB), made safe, and takes the
    target's name; the old database is dropped only once the new one is proven. Everything in the target is replaced.
    """

    name: ClassVar[str] = "bacpac-import"
    title: ClassVar[Text] = Text("导入数据包", "Import a package")
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(hours=1),
        roles=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR}),
        quota_class="restore",
        lock=Lock.EXCLUSIVE,
        grace=timedelta(minutes=5),
        misfire=Misfire.SKIP,
        words={
            "waiting": Text("等待导入中", "waiting to import"),
            "running": Text("导入中", "importing"),
            "succeeded": Text("导入成功", "imported"),
            "failed": Text("导入失败", "import failed"),
        },
    )
    notes: ClassVar[dict[str, Text]] = {
        "artifact": Text("数据包的编号", "The id of a package, exported or uploaded"),
        "backup_first": Text("先备份目标", "Back the target up first"),
    }
    example: ClassVar[dict[str, Any]] = {"artifact": "0123456789abcdef"}
    takes_artifacts: ClassVar[dict[str, Takes]] = {"artifact": Takes(kinds=frozenset({"bacpac"}))}

    artifact: str = field(metadata={"pattern": ARTIFACT_ID.removesuffix("?")})
    backup_first: bool = True

    def faults(self, place: Place) -> Iterator[Fault]:
        yield from sql_place.no_server(place)
        yield from sql_place.no_programs(place)

    def plan(self, place: Place) -> Iterator[Step]:
        restore = Restore(place=place, word="import", ending="package", scratch="{work}-import")
        package = Package(place=place, word=restore.word, database=restore.scratch)
        if self.backup_first:
            yield from Backup(place=place, word="safety").steps()
        yield restore.fetch(artifact=self.artifact)
        yield package.inspect()
        yield package.reserve()
        yield package.load()
        yield package.wait()
        yield from way_in(restore, iter([package.clear(), drop_file(place, package.word, package.file)]))

    def estimate(self, place: Place) -> timedelta:
        return self.traits.takes + (timedelta(minutes=15) if self.backup_first else timedelta(0))

    def judge(self, step: Step, reading: Reading) -> Judgement:
        judgement = (
            sql_package.judged(step, reading) or sql_backup.judged(step, reading) or sql_restore.judged(step, reading)
        )
        if judgement is None:
            raise ValueError(f"bacpac-import has no step {step.key!r}")
        return judgement

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        return sql_restore.judged_look(step, reading)
