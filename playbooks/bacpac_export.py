"""Export a data center as a package."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Literal

from domain.command import Reading
from domain.errors import Fault
from domain.operation import Judgement, Lock, Misfire, Operation, Step, Target, Traits
from domain.places import Place
from domain.request import Role
from domain.text import Text
from playbooks import sql_backup, sql_package, sql_place, sql_restore
from playbooks.sql_backup import Backup, drop_file, last
from playbooks.sql_package import Package
from playbooks.sql_restore import Restore


@dataclass(frozen=True, kw_only=True)
class ExportPackage(Operation):
    """Export a data center as a package (BACPAC or DACPAC).

    A copy of the data center is exported, so that the package is of one moment and users go on working. Its catalog
    says beforehand which format it can take: a BACPAC, or, with references to other databases and the like, a DACPAC
    with all data. SqlPackage runs on the database server. The package is inspected, then stored with its SHA-256.
    """

    name: ClassVar[str] = "bacpac-export"
    title: ClassVar[Text] = Text("导出数据包", "Export a package")
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(hours=1),
        roles=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR, Role.SCHEDULER}),
        interrupts_users=False,
        quota_class="backup",
        lock=Lock.EXCLUSIVE,
        grace=timedelta(hours=1),
        misfire=Misfire.SKIP,
        words={
            "waiting": Text("等待导出中", "waiting to export"),
            "running": Text("导出中", "exporting"),
            "succeeded": Text("导出成功", "exported"),
            "failed": Text("导出失败", "export failed"),
        },
    )
    notes: ClassVar[dict[str, Text]] = {
        "label": Text(
            "数据包名称；留空则用数据中心名与作业号", "The package's name; empty: the data center's and the job's"
        ),
        "format": Text(
            "auto：能用 BACPAC 则用，否则用含数据的 DACPAC", "auto: a BACPAC if it can be, else a DACPAC with all data"
        ),
        "source": Text(
            "copy：导出一份副本，数据属于同一时刻；live：直接导出，期间的写入可能使数据不一致",
            "copy: a copy is exported, all of one moment; live: what is written meanwhile may be half in it",
        ),
    }

    label: str = field(default="", metadata={"max_length": 80, "pattern": r"[^\x00-\x1f/\\:*?\"<>|]*"})
    format: Literal["auto", "bacpac", "dacpac"] = "auto"
    source: Literal["copy", "live"] = "copy"

    def faults(self, place: Place) -> Iterator[Fault]:
        yield from sql_place.no_server(place)
        yield from sql_place.no_programs(place)

    def plan(self, place: Place) -> Iterator[Step]:
        copy = Restore(place=place, word="copy", scratch="{work}-copy")
        database = copy.scratch if self.source == "copy" else sql_place.data_center(place).database
        package = Package(place=place, word="export", database=database)
        yield package.kind(self.format)
        if self.source == "copy":
            yield from Backup(place=place, word=copy.word).local()
            yield copy.media()
            yield copy.beside()
            yield drop_file(place, copy.word, copy.file)
        yield package.export(self.format)
        yield package.wait()
        yield package.stow()
        yield last(package.clear())
        yield last(drop_file(place, package.word, package.file))
        if self.source == "copy":
            yield copy.drop(copy.scratch, "drop-scratch")

    def judge(self, step: Step, reading: Reading) -> Judgement:
        judgement = (
            sql_package.judged(step, reading, self.label)
            or sql_backup.judged(step, reading)
            or sql_restore.judged(step, reading)
        )
        if judgement is None:
            raise ValueError(f"bacpac-export has no step {step.key!r}")
        return judgement
