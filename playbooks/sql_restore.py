"""The steps of a restore: the backup's file is brought, its headers read, restored beside or in place, proven.

Beside is the default: users work on until the names are swapped, and the old database is kept until the new one is
proven. In place is for a server without room for both; the backup taken before is then the way back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from domain.command import Carry, Facts, Reading, Sql
from domain.operation import Judgement, Outcome, Step
from domain.places import Place
from domain.text import Text
from playbooks import sql_place
from playbooks.sql_backup import CARRY_S, DROP_S, last
from playbooks.sql_judging import attempt, done, effect, failed, readable

RESTORE_S: Final = 12 * 3600.0
MEDIA_S: Final = 4 * 3600.0
CHECK_S: Final = 12 * 3600.0
SWAP_S: Final = 600.0
PROVE_S: Final = 300.0
RESERVE: Final = 1.1  # of the room that the files will take


@dataclass(frozen=True, kw_only=True)
class Restore:
    """The restore of the file `{work}-<word>.<ending>`, which lies in the exchange folder, into `place`."""

    place: Place
    word: str = "source"
    ending: str = "bak"
    scratch: str = "{work}-restore"  # the new database, until it takes the target's name
    old: str = "{work}-old"  # the one that it replaces, until it is dropped

    @property
    def file(self) -> str:
        return f"{{work}}-{self.word}.{self.ending}"

    def fetch(self, *, artifact: str = "", key: str = "") -> Step:
        """Bring the file from the artifact store."""
        return Step(
            key=f"fetch:{self.word}",
            title=Text("取回备份文件", "Fetch the backup file"),
            do=Carry(host=self._host, act="fetch", file=self.file, artifact=artifact, key=key),
            timeout_s=CARRY_S,
            effect_on=self.place.path,
            undo=Carry(host=self._host, act="drop", file=self.file),
        )

    def media(self, *, in_place: bool = False) -> Step:
        """In place the files that are there make room."""
        return Step(
            key="media",
            title=Text("读取备份的内容", "Read what the backup holds"),
            do=self._sql("read-media", "media", file=self.file, in_place=in_place),
            timeout_s=MEDIA_S,
            effect_on=self.place.path,
        )

    def beside(self) -> Step:
        return Step(
            key="restore",
            title=Text("还原为旁路数据库", "Restore into a new database beside"),
            do=self._sql("restore-beside", "restore", name=self.scratch, file=self.file),
            timeout_s=RESTORE_S,
            effect_on=self.place.path,
            undo=self._sql("drop", "restore", database=self.scratch),
        )

    def check(self, database: str) -> Step:
        """Prove the restored database sound, and make it safe for this place."""
        center = sql_place.data_center(self.place)
        login = center.script_login.user if center.script_login else ""
        args = {"database": database, "login": login, "strangers": sql_place.strangers(self.place)}
        return Step(
            key="check",
            title=Text("检查还原出的数据库", "Check the restored database"),
            do=self._sql("check", "check", **args),
            timeout_s=CHECK_S,
            effect_on=self.place.path,
        )

    def swap(self) -> Step:
        args = {"database": self._database, "new": self.scratch, "old": self.old}
        return Step(
            key="swap",
            title=Text("切换到还原出的数据库", "Put the restored database in the place of the old one"),
            do=self._sql("swap", "swap", **args),
            look=self._sql("swap", "swap", **args, look=True),
            timeout_s=SWAP_S,
            destructive=True,
            interruptible=False,
            effect_on=self.place.path,
            undo=self._sql("swap-back", "swap", **args),
        )

    def in_place(self, safety: str) -> Step:
        """`safety` is the file of the backup taken before: the way back from a restore that was broken off."""
        args = {"database": self._database, "file": self.file}
        return Step(
            key="restore",
            title=Text("就地还原", "Restore in place"),
            do=self._sql("restore-in-place", "restore", **args),
            look=self._sql("restore-in-place", "restore", **args, look=True),
            timeout_s=RESTORE_S,
            destructive=True,
            effect_on=self.place.path,
            undo=self._sql("put-back", "restore", database=self._database, file=safety),
        )

    def prove(self) -> Step:
        return Step(
            key="prove",
            title=Text("核实数据中心可用", "Prove that the data center can be used"),
            do=self._sql("prove", "prove", database=self._database),
            timeout_s=PROVE_S,
            poll_s=2.0,
            effect_on=self.place.path,
        )

    def drop(self, name: str, key: str) -> Step:
        """Drop a database of the job's own, once it is over but for that. Whoever still has it open is waited for."""
        return Step(
            key=key,
            title=Text("删除不再需要的数据库", "Drop the database that is no longer needed"),
            do=self._sql("drop", key, database=name),
            timeout_s=DROP_S,
            interruptible=False,
            poll_s=2.0,
            effect_on=self.place.path,
            tidies=True,
        )

    @property
    def _host(self) -> str:
        return sql_place.server(self.place).path

    @property
    def _database(self) -> str:
        return sql_place.data_center(self.place).database

    def _sql(self, verb: str, step: str, **args: Any) -> Sql:
        return Sql(host=self._host, verb=verb, args=args, fence=step)


def way_beside(restore: Restore, files: Iterator[Step]) -> Iterator[Step]:
    """From the file to the new database under the old name. `files` drops some while the old database still serves."""
    yield restore.beside()
    yield from way_in(restore, files)


def way_in(restore: Restore, files: Iterator[Step]) -> Iterator[Step]:
    """From the database beside to the old name."""
    yield restore.check(restore.scratch)
    yield from files
    yield restore.swap()
    yield restore.prove()
    yield restore.drop(restore.old, "drop-old")


def way_in_place(restore: Restore, safety: str, files: Iterator[Step]) -> Iterator[Step]:
    yield restore.in_place(safety)
    yield restore.check(sql_place.data_center(restore.place).database)
    yield restore.prove()
    yield from map(last, files)


def judged(step: Step, reading: Reading) -> Judgement | None:
    """What an answer to one of these steps means; None for a step of somebody else."""
    facts = reading.facts
    match step.key.split(":")[0]:
        case "fetch":
            size = readable(facts["size"])
            return done(f"备份文件已就位（{size}）", f"the file is there ({size})", **facts)
        case "media":
            return _media(facts, in_place=isinstance(step.do, Sql) and bool(step.do.args.get("in_place")))
        case "restore" if step.destructive:
            return attempt(reading, "已就地还原", "restored in place")
        case "restore":
            return done("已还原到旁路数据库", "restored into a database beside", **facts)
        case "check":
            return _checked(facts, step.do.args["login"] if isinstance(step.do, Sql) else "")
        case "swap":
            return attempt(reading, "已切换", "the names are swapped")
        case "prove":
            return _proven(facts)
        case "drop-old" | "drop-scratch":
            return done("已删除", "dropped", **facts)
    return None


def judged_look(step: Step, reading: Reading) -> Judgement:
    """A swap that was broken off has been brought back; a restore in place that was broken off is a failure."""
    return effect(reading.facts, otherwise=Outcome.FAILED if step.key == "restore" else Outcome.NOT_DONE)


def _media(facts: Facts, *, in_place: bool) -> Judgement:
    """Whether there is room beside, by the sizes of the files as they will be."""
    need, free = int(facts["bytes"] * RESERVE), max(facts["free"].values(), default=0)
    header = facts["header"]
    said = Text(
        f"完整备份：{header.get('DatabaseName')}，{header.get('BackupFinishDate')}，需 {readable(need)}",
        f"a full backup of {header.get('DatabaseName')}, {header.get('BackupFinishDate')}, needs {readable(need)}",
    )
    if need > free and not in_place:
        zh = f"{said.zh}；磁盘只剩 {readable(free)}。可腾出空间，或选择就地还原（how=in-place）"
        en = f"{said.en}; only {readable(free)} are free. Make room, or restore in place (how=in-place)"
        return failed(zh, en, **facts)
    return done(said.zh, said.en, **facts)


def _checked(facts: Facts, login: str) -> Judgement:
    """Sound, and open to the scripts of this place."""
    if login and facts.get("let_in") is False:
        zh = f"服务器上没有脚本登录名 {login}：请服务商运行 sql_rights_data_center.sql 后重试"
        en = f"There is no login {login} for scripts on the server: the provider runs sql_rights_data_center.sql first"
        return failed(zh, en, **facts)
    zh, en = "DBCC CHECKDB 无错误", "DBCC CHECKDB found nothing wrong"
    if facts.get("orphans"):
        names = ", ".join(facts["orphans"])
        zh, en = f"{zh}；没有登录名的用户：{names}", f"{en}; users without a login: {names}"
    return done(zh, en, **facts)


def _proven(facts: Facts) -> Judgement:
    found = facts.get("database") or {}
    if found.get("state") == "ONLINE" and found.get("access") == "MULTI_USER" and facts.get("answers"):
        return done("数据中心在线，可用", "the data center is online and answers", **facts)
    text = Text(f"数据中心尚不可用：{found.get('state')}", f"the data center cannot be used yet: {found.get('state')}")
    return Judgement(outcome=Outcome.RUNNING, text=text, evidence=facts)
