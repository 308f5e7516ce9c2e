"""The steps by which SqlPackage makes a package of a database, or a database of a package.

It runs on the database server as a process of its own, started once, looked at until it has ended; a cancel ends it and
makes sure of that. See docs/decisions/0025-sqlpackage.md.
"""

from dataclasses import dataclass
from typing import Any, Final

from domain.command import Carry, Choose, Facts, PowerShell, Reading, Sql
from domain.operation import Judgement, Outcome, Step
from domain.places import Place
from domain.text import Text
from playbooks import sql_package_words as words
from playbooks import sql_place
from playbooks.scripts import load
from playbooks.sql_backup import CARRY_S
from playbooks.sql_judging import done, failed, readable

LOOK_S: Final = 120.0
START_S: Final = 300.0
WORK_S: Final = 12 * 3600.0
STOP_S: Final = 600.0
POLL_S: Final = 2.0
BIRTH_S: Final = 60  # after so long without a sign of life a process that was started never began
FENCE: Final = "start"
EXPORTS: Final = {"bacpac": "Export", "dacpac": "Extract"}
IMPORTS: Final = {"bacpac": "Import", "dacpac": "Publish"}


@dataclass(frozen=True, kw_only=True)
class Package:
    """One run of SqlPackage within a plan, under the name `{work}-<word>`: the file's, and its folders' too."""

    place: Place
    word: str  # export | import
    database: str  # what is exported, or made by the import

    @property
    def name(self) -> str:
        return f"{{work}}-{self.word}"

    @property
    def file(self) -> str:
        return f"{self.name}.package"

    @property
    def key(self) -> str:
        """Where it lies in the artifact store, without the ending, which tells what it is."""
        return f"{self.place.tenant.name}/package/{{work}}/{sql_place.data_center(self.place).name}"

    def kind(self, wanted: str) -> Step:
        """Say which format the database can be exported in. The first step: its undo drops what the last ones make."""
        return Step(
            key="kind",
            title=Text("判断可导出的格式", "See which format the database can be exported in"),
            do=Sql(host=self._host, verb="package-kind", args=self._asked | {"wanted": wanted}, fence="kind"),
            timeout_s=LOOK_S,
            effect_on=self.place.path,
            undo=Carry(host=self._host, act="drop", file=self.file),
        )

    def export(self, wanted: str) -> Step:
        """Start the export in the `wanted` format, or in the one that the catalog names just then."""
        ways: dict[str, Any] = {kind: self._run(action) for kind, action in EXPORTS.items()}
        ask = Sql(host=self._host, verb="package-kind", args=self._asked, fence=FENCE)
        do = ways[wanted] if wanted in ways else self._choose(ask, ways)
        return self._start(Text("启动导出", "Start the export"), do)

    def load(self) -> Step:
        """Start the import of what the file is by its own bytes."""
        ask = Carry(host=self._host, act="inspect", file=self.file)
        ways: dict[str, Any] = {kind: self._run(action) for kind, action in IMPORTS.items()}
        return self._start(Text("启动导入", "Start the import"), self._choose(ask, ways))

    def wait(self) -> Step:
        """Look at it until it has ended."""
        return Step(
            key="wait",
            title=Text("等待 SqlPackage 完成", "Wait for SqlPackage"),
            do=self._script("sqlpackage_look"),
            timeout_s=WORK_S,
            poll_s=POLL_S,
            effect_on=self.place.path,
        )

    def clear(self) -> Step:
        """Remove what it worked with; it is gone already."""
        return Step(
            key="clear",
            title=Text("清理工作目录", "Clear the folder that it worked in"),
            do=self._script("sqlpackage_stop"),
            timeout_s=STOP_S,
            effect_on=self.place.path,
        )

    def inspect(self) -> Step:
        return Step(
            key="inspect",
            title=Text("检查数据包", "Inspect the package"),
            do=Carry(host=self._host, act="inspect", file=self.file),
            timeout_s=CARRY_S,
            effect_on=self.place.path,
        )

    def stow(self) -> Step:
        return Step(
            key="stow:package",
            title=Text("检查并存入数据包", "Inspect the package and store it"),
            do=Carry(host=self._host, act="stow-package", file=self.file, key=self.key),
            timeout_s=CARRY_S,
            effect_on=self.place.path,
        )

    def reserve(self) -> Step:
        """Take the name of the database that will be made; dropped again if the job ends badly."""
        return Step(
            key="reserve",
            title=Text("预留旁路数据库的名称", "Reserve the name of the new database"),
            do=Sql(host=self._host, verb="reserve-name", args={"name": self.database}, fence="reserve"),
            timeout_s=LOOK_S,
            effect_on=self.place.path,
            undo=Sql(host=self._host, verb="drop-reserved", args={"name": self.database}, fence="reserve"),
        )

    def _start(self, title: Text, do: PowerShell | Choose) -> Step:
        return Step(
            key=FENCE,
            title=title,
            do=do,
            timeout_s=START_S,
            effect_on=self.place.path,
            undo=self._script("sqlpackage_stop"),
        )

    def _choose(self, ask: Sql | Carry, ways: dict[str, Any]) -> Choose:
        return Choose(before=self._script("sqlpackage_look"), ask=ask, fact="format", ways=ways)

    def _run(self, action: str) -> PowerShell:
        server = sql_place.server(self.place)
        owner = server.sql.user if server.sql and self.word == "import" else ""
        more = {"database": self.database, "port": server.port, "owner": owner, "limit_s": int(WORK_S)}
        return self._script("sqlpackage_start", action=action, **more)

    def _script(self, script: str, **args: Any) -> PowerShell:
        sql = sql_place.server(self.place).sql
        folder = sql.exchange.there if sql else ""
        said = {"name": self.name, "folder": folder, **args}
        return PowerShell(host=self._host, script=load(script), args=said, fence=FENCE)

    @property
    def _host(self) -> str:
        return sql_place.server(self.place).path

    @property
    def _asked(self) -> dict[str, Any]:
        return {"database": sql_place.data_center(self.place).database}


def judged(step: Step, reading: Reading, label: str = "") -> Judgement | None:
    """What an answer to one of these steps means; None for a step of somebody else."""
    facts = reading.facts
    match step.key:
        case "kind":
            return _fits(facts, step.do.args["wanted"] if isinstance(step.do, Sql) else "auto")
        case "reserve":
            if facts["reserved"]:
                return done(f"已预留 {facts['name']}", f"{facts['name']} is reserved", **facts)
            return failed(f"已有数据库 {facts['name']}", f"there is a database {facts['name']} already", **facts)
        case "start":
            return _started(facts)
        case "wait":
            return _ended(facts)
        case "inspect":
            return _inspected(facts)
        case "stow:package":
            return _stowed(facts, label)
        case "clear":
            return done("已清理", "cleared", **facts)
    return None


def _fits(facts: Facts, wanted: str) -> Judgement:
    """The word beforehand: which format it will be, and why; an explicit one that cannot be is refused."""
    why = words.findings(facts)
    if facts["format"] is None:
        return failed(f"不能导出：{why.zh}", f"it cannot be exported: {why.en}", **facts)
    if wanted == "bacpac" and facts["format"] != "bacpac":
        zh = f"不能导出为 BACPAC：{why.zh}。可选 format=dacpac 或 auto"
        en = f"it cannot become a BACPAC: {why.en}. Choose format=dacpac or auto"
        return failed(zh, en, **facts)
    taken = facts["format"] if wanted == "auto" else wanted
    zh, en = f"导出为 {taken.upper()}", f"it will be a {taken.upper()}"
    if taken == "dacpac" and wanted == "auto":
        zh, en = f"{zh}，因为{why.zh}", f"{en}, because of {why.en}"
    return done(zh, en, **facts)


def _started(facts: Facts) -> Judgement:
    """What was sent answers, or, where the answer to an earlier send was lost, the look."""
    if facts.get("acted"):
        code = facts["marker"]["code"]
        if code:
            return failed(f"未能启动（代码 {code}）", f"it could not be started (code {code})", **facts)
        return done("已启动", "started", **facts)
    if facts["marker"]:  # another send of this very attempt was first: the next step sees how it is doing
        return done("此前已启动", "it was started before", **facts)
    why = words.WHY_NOT[facts["why"]]
    return failed(why.zh, why.en, **facts)


def _ended(facts: Facts) -> Judgement:
    ended, evidence = facts["done"], words.evidence_of(facts)
    if ended and ended["exit_code"] == 0 and not ended["error"]:
        return done("SqlPackage 已完成", "SqlPackage is done", **evidence)
    if ended:
        why = words.said_by(facts)
        return failed(f"SqlPackage 失败：{why}", f"SqlPackage failed: {why}", **evidence)
    if facts["alive"]:
        size = facts["bytes"]
        text = Text(f"SqlPackage 正在执行，{readable(size)}", f"SqlPackage works, {readable(size)}")
        return Judgement(outcome=Outcome.RUNNING, text=text, evidence={**evidence, "progress": {"bytes": size}})
    if facts["state"] is None and facts["marker"] and facts["waited_s"] < BIRTH_S:
        return Judgement(outcome=Outcome.RUNNING, text=Text("即将开始", "about to begin"), evidence=evidence)
    zh, en = "SqlPackage 中途消失（主机重启或被终止）", "SqlPackage is gone (the host restarted, or somebody ended it)"
    return failed(zh, en, **evidence)


def _inspected(facts: Facts) -> Judgement:
    if facts["format"] is None:
        why = words.refusals(facts)
        return failed(f"数据包不能使用：{why.zh}", f"the package cannot be used: {why.en}", **facts)
    size, rows = readable(facts["size"]), facts.get("rows") or "?"
    zh = f"{facts['format'].upper()}，{size}，{rows} 行，校验和正确"
    return done(zh, f"a {facts['format'].upper()} of {size}, {rows} rows, its checksum is right", **facts)


def _stowed(facts: Facts, label: str) -> Judgement:
    """A package that is not sound is not kept."""
    judgement = _inspected(facts)
    if judgement.outcome is not Outcome.DONE:
        return judgement
    _, _, run, name = facts["key"].split("/")
    told = {k: facts[k] for k in ("database", "software", "made_by", "rows", "tables", "remarks") if k in facts}
    made = {
        "kind": "bacpac",
        "key": facts["key"],
        "name": f"{label}.{facts['format']}" if label else f"{name.rpartition('.')[0]}-{run}.{facts['format']}",
        "size": facts["size"],
        "sha256": facts["sha256"],
        "facts": {"verified": True, "run": run, "format": facts["format"], **told},
    }
    return Judgement(outcome=judgement.outcome, text=judgement.text, evidence=judgement.evidence, made=(made,))
