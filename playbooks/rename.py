"""Rename a data center: what people call it, and if asked for the name of its database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar

from domain.command import Reading, Sql
from domain.errors import Fault
from domain.operation import Judgement, Lock, Misfire, Operation, Outcome, Step, Target, Traits
from domain.places import Place
from domain.request import Role
from domain.text import Text
from playbooks import sql_place
from playbooks.sql_judging import attempt, done, effect

SYSTEM = frozenset({"master", "tempdb", "model", "msdb", "yunwei"})


@dataclass(frozen=True, kw_only=True)
class RenameDataCenter(Operation):
    """Rename a data center.

    What people read changes at once, everywhere. With `database` the SQL Server database is renamed as well: users are
    thrown off for a moment, and whatever names it elsewhere (the ERP's management centre, jobs, synonyms) must follow.
    The enterprise administrators are told.
    """

    name: ClassVar[str] = "rename"
    title: ClassVar[Text] = Text("重命名数据中心", "Rename")
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(minutes=2),
        roles=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR}),
        quota_class="rename",
        lock=Lock.EXCLUSIVE,
        grace=timedelta(minutes=5),
        misfire=Misfire.SKIP,
        code=True,
        tells=frozenset({Role.ENTERPRISE_ADMIN}),
        words={"running": Text("重命名中", "renaming"), "succeeded": Text("重命名成功", "renamed")},
    )
    notes: ClassVar[dict[str, Text]] = {
        "new_name": Text("新名称，企业内唯一", "The new name; no other data center of the enterprise has it"),
        "database": Text("数据库的新名称；留空则不改", "The database's new name; empty: it keeps its own"),
    }
    example: ClassVar[dict[str, Any]] = {"new_name": "2027 账套", "database": "AIS2027"}

    new_name: str = field(metadata={"max_length": 60, "pattern": r"[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*"})
    database: str = field(default="", metadata={"max_length": 120, "pattern": r"([A-Za-z_][A-Za-z0-9_]*)?"})

    def faults(self, place: Place) -> Iterator[Fault]:
        yield from sql_place.no_server(place)
        others = [d for e in place.tenant.environments for d in e.data_centers if d.path != place.path]
        if self.new_name.strip().casefold() in {d.title.casefold() for d in others}:
            zh, en = "本企业已有同名的数据中心", "Another data center of this enterprise has that name"
            yield Fault("params.new_name", Text(zh, en), "taken")
        center = sql_place.data_center(place)
        if not self.database and self.new_name.strip() == center.title:
            yield Fault("params.new_name", Text("与现在的名称相同", "It has that name already"), "unchanged")
        taken = {d.database.casefold() for e in place.tenant.environments for d in e.data_centers} | SYSTEM
        if self.database and self.database.casefold() in taken:
            zh, en = "该数据库名已被占用", "That database name is taken"
            yield Fault("params.database", Text(zh, en), "taken")

    def plan(self, place: Place) -> Iterator[Step]:
        """One step: what it is called from now on is written down in the commit that ends it."""
        center, host = sql_place.data_center(place), sql_place.server(place).path
        told = {"title": self.new_name.strip(), "was_title": center.title, "was_database": center.database}
        title = Text(
            f"将 {center.title} 改名为 {self.new_name.strip()}", f"Call {center.title} {self.new_name.strip()}"
        )
        if not self.database:
            args = {"database": center.database, "name": "", **told}
            do = Sql(host=host, verb="prepare", args=args, fence="name")
            yield Step(key="name", title=title, do=do, timeout_s=120.0, effect_on=place.path)
            return
        args = {"database": center.database, "new": self.database, **told}
        yield Step(
            key="rename",
            title=title,
            do=Sql(host=host, verb="rename", args=args, fence="rename"),
            look=Sql(host=host, verb="rename", args={**args, "look": True}, fence="rename"),
            timeout_s=600.0,
            destructive=True,
            interruptible=False,
            effect_on=place.path,
        )

    def judge(self, step: Step, reading: Reading) -> Judgement:
        if step.key == "rename":
            return _named(step, attempt(reading, "数据库已改名", "the database is renamed"))
        return _named(step, done("已改名", "renamed", **reading.facts))

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        return _named(step, effect(reading.facts))

    def made_by(self, step: Step) -> tuple[Mapping[str, Any], ...]:
        """Its new name: also where a person has to say that the database bears it."""
        return _named(step, done("已改名", "renamed")).made


def _named(step: Step, judgement: Judgement) -> Judgement:
    """With the name that is to be written down, once it is the truth."""
    if judgement.outcome is not Outcome.DONE or not isinstance(step.do, Sql):
        return judgement
    args = step.do.args
    name = {"kind": "name", "database": args.get("new", args["database"])}
    name |= {key: args[key] for key in ("title", "was_title", "was_database")}
    return replace(judgement, made=(name,))
