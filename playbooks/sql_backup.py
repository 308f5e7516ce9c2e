"""The steps that back a data center up: looked at, backed up to a new file, read back, stored, dropped there.

Other operations begin with them: a restore backs its target up, a script its data center.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from domain.command import Carry, Reading, Sql
from domain.operation import Judgement, Step
from domain.places import Place
from domain.text import Text
from playbooks import sql_place
from playbooks.sql_judging import done, failed, readable

LOOK_S: Final = 120.0
BACKUP_S: Final = 6 * 3600.0
VERIFY_S: Final = 4 * 3600.0
CARRY_S: Final = 12 * 3600.0
DROP_S: Final = 300.0


@dataclass(frozen=True, kw_only=True)
class Backup:
    """One backup of `place` within a plan. `word` tells several of one plan apart, also in the files' names."""

    place: Place
    word: str = "backup"
    stays: bool = False  # the file stays in the exchange folder, for steps that come after

    @property
    def name(self) -> str:
        return f"{{work}}-{self.word}"

    @property
    def file(self) -> str:
        return f"{self.name}.bak"

    @property
    def key(self) -> str:
        """Where it lies in the artifact store."""
        return f"{self.place.tenant.name}/backup/{{work}}-{self.word}/{sql_place.data_center(self.place).name}.bak"

    def steps(self) -> Iterator[Step]:
        """The whole way: at the end the backup is in the artifact store, and proven."""
        yield from self.local()
        yield self._stow()
        if not self.stays:
            yield drop_file(self.place, self.word, self.file)

    def local(self) -> Iterator[Step]:
        """The first half of the way: at the end a proven backup lies in the exchange folder, and nowhere else."""
        yield self._look()
        yield self._make()
        yield self._verify()

    def _look(self) -> Step:
        center = sql_place.data_center(self.place)
        return Step(
            key=f"look:{self.word}",
            title=Text(f"查看 {center.name} 的数据库", f"Look at the database of {center.name}"),
            do=self._sql("prepare", f"look:{self.word}"),
            timeout_s=LOOK_S,
            effect_on=center.path,
        )

    def _make(self) -> Step:
        center = sql_place.data_center(self.place)
        return Step(
            key=f"backup:{self.word}",
            title=Text(f"备份 {center.name}", f"Back up {center.name}"),
            do=self._sql("backup", f"backup:{self.word}"),
            timeout_s=BACKUP_S,
            effect_on=center.path,
            undo=Carry(host=self._host, act="drop", file=self.file),
        )

    def _verify(self) -> Step:
        center = sql_place.data_center(self.place)
        return Step(
            key=f"verify:{self.word}",
            title=Text(f"校验 {center.name} 的备份", f"Verify the backup of {center.name}"),
            do=self._sql("verify", f"verify:{self.word}"),
            timeout_s=VERIFY_S,
            effect_on=center.path,
        )

    def _stow(self) -> Step:
        center = sql_place.data_center(self.place)
        return Step(
            key=f"stow:{self.word}",
            title=Text(f"存入 {center.name} 的备份文件", f"Store the backup file of {center.name}"),
            do=Carry(host=self._host, act="stow", file=self.file, key=self.key),
            timeout_s=CARRY_S,
            effect_on=center.path,
        )

    def _sql(self, verb: str, step: str) -> Sql:
        args = {"database": sql_place.data_center(self.place).database, "name": self.name}
        return Sql(host=self._host, verb=verb, args=args, fence=step)

    @property
    def _host(self) -> str:
        return sql_place.server(self.place).path


def drop_file(place: Place, word: str, file: str) -> Step:
    """Drop a file of the job's own from the exchange folder."""
    return Step(
        key=f"drop:{word}",
        title=Text("删除交换目录中的文件", "Drop the file in the exchange folder"),
        do=Carry(host=sql_place.server(place).path, act="drop", file=file),
        timeout_s=DROP_S,
        effect_on=place.path,
    )


def last(step: Step) -> Step:
    """The step at the end of a plan, when all is done and proven but for the tidying."""
    return replace(step, tidies=True, interruptible=False)


def judged(step: Step, reading: Reading, label: str = "", description: str = "") -> Judgement | None:
    """What an answer to one of these steps means; None for a step of somebody else."""
    word, facts = step.key.split(":")[0], reading.facts
    match word:
        case "look":
            return _looked(facts)
        case "backup":
            made = facts["set"]
            size = readable(int(made["bytes_of_file"] or made["bytes"]))
            return done(f"已备份（{size}），msdb 已记录", f"backed up ({size}), as msdb tells", **facts)
        case "verify":
            return done("备份可读，校验和正确", "the backup is complete and its checksums are right", **facts)
        case "stow":
            return _stowed(step.effect_on, facts, label, description)
        case "drop":
            return done("文件已删除", "the file is gone", **facts)
    return None


def _looked(facts: dict[str, Any]) -> Judgement:
    state, size = facts["database"]["state"], readable(facts["bytes"])
    if state != "ONLINE":
        return failed(f"数据库状态为 {state}，不能备份", f"the database is {state}: it cannot be backed up", **facts)
    return done(f"数据库在线，{size}", f"the database is online, {size}", **facts)


def _stowed(place: str, facts: dict[str, Any], label: str, description: str) -> Judgement:
    _, _, run, name = facts["key"].split("/")
    made = {
        "kind": "backup",
        "place": place,
        "key": facts["key"],
        "name": f"{label}.bak" if label else f"{name.removesuffix('.bak')}-{run}.bak",
        "description": description,
        "size": facts["size"],
        "sha256": facts["sha256"],
        "facts": {"verified": True, "run": run},
    }
    size = readable(facts["size"])
    text = Text(f"备份已存入（{size}）", f"the backup is stored ({size})")
    judgement = done(text.zh, text.en, **facts)
    return Judgement(outcome=judgement.outcome, text=judgement.text, evidence=judgement.evidence, made=(made,))
