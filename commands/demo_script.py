"""The demo's second play: a script with an error in a batch runs after its backup; one command brings all back."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from commands.demo_proof import Check, on_time
from commands.demo_set_up import Stage
from commands.demo_stage import ADMIN, BOOKS
from commands.following import Shape, follow, tell_end
from commands.moments import shown
from commands.request_script import part_lines
from commands.session import Session
from domain.errors import Broke, TimedOut
from domain.places import DataCenter
from domain.text import Text

FOLLOW_S: Final = 300.0
COMMAND_S: Final = 300.0
CODE_S: Final = 30.0
POLL_S: Final = 0.1
NAME: Final = "update-2026-11.sql"
SAMPLE: Final = """\
-- 调价，并停用两个物料 / raise prices, retire two items
PRINT N'开始 / begin'
GO
UPDATE dbo.T_BD_MATERIAL SET FPRICE = FPRICE * 1.05 WHERE FNUMBER LIKE N'1.01.%'
SELECT TOP (3) FNUMBER, FNAME, FPRICE FROM dbo.T_BD_MATERIAL ORDER BY FMATERIALID
GO
/* 这一批有错：没有这张表
   this batch is wrong: there is no such table */
INSERT INTO dbo.T_BD_MATERIAL_LOG (FNOTE) VALUES (N'调价 5%')
GO
DELETE FROM dbo.T_BD_MATERIAL WHERE FNUMBER IN (N'1.01.0003', N'1.01.0004')
GO
"""
WANTED: Final = {"green": 3, "red": 1, "grey": 0, "unknown": 0}


def play_script(session: Session, stage: Stage, ahead_s: float) -> tuple[Shape, list[Check]]:
    """Hand in, plan, follow, show the batches, restore by one command, and prove that the rows are back."""
    before = _tables(stage)
    number = _ask(session, stage, _hand_in(session, stage), ahead_s)
    item = follow(lambda after: stage.api.news(number, after), session.screen, session.given.zone, FOLLOW_S)
    tell_end(item, session.screen)
    parts = stage.api.get(f"/requests/{number}/parts")
    _tell_batches(session, parts)
    changed = _tables(stage)
    code = _restore(session, stage, number)
    return item, [
        _batches_are_as_written(parts),
        _backup_came_first(stage, number),
        on_time(item, stage.speed),
        _rows_changed(before, changed),
        _rows_are_back(before, _tables(stage), code),
    ]


def _hand_in(session: Session, stage: Stage) -> str:
    status, answer = stage.api.post_file(f"/scripts?place={BOOKS}&name={NAME}", SAMPLE.encode())
    if status != 201:
        raise Broke(Text(f"脚本未被接受：{status} {answer}", f"The script was not taken: {status} {answer}"))
    session.screen.say(
        f"已提交脚本 {NAME}：{answer['batches']} 个批次，SHA-256 {answer['sha256'][:16]}…",
        f"Script {NAME} is handed in: {answer['batches']} batches, SHA-256 {answer['sha256'][:16]}…",
    )
    return str(answer["id"])


def _ask(session: Session, stage: Stage, script: str, ahead_s: float) -> int:
    at = stage.product.store.clock.ahead(ahead_s)
    params = {"script": script, "on_error": "continue", "accept_risks": True}
    wish = {"operation": "sql-update", "place": BOOKS, "params": params, "confirm": True, "description": "yunwei demo"}
    wish |= {"code": _code(session, stage, wish)}
    status, answer = stage.api.post("/requests", {**wish, "planned_at": at.isoformat()})
    if status != 201:
        raise Broke(Text(f"提交未被受理：{status} {answer}", f"The submit was not accepted: {status} {answer}"))
    when = shown(answer["planned_at"], session.given.zone)
    session.screen.say(
        f"已提交运维单 {answer['number']}：对 {BOOKS} 执行脚本，先备份，计划时间 {when}",
        f"Request {answer['number']}: run the script on {BOOKS} after a backup, planned for {when}",
    )
    return int(answer["number"])


def _code(session: Session, stage: Stage, wish: Mapping[str, Any]) -> str:
    """Have a one-time code sent, and read it where the demo's text messages go: in the log of the portal's process."""
    log, before = stage.folder / "yunwei.log", (stage.folder / "yunwei.log").stat().st_size
    status, answer = stage.api.post("/codes", dict(wish))
    if status != 202:
        raise Broke(Text(f"验证码未能发送：{status} {answer}", f"No code was sent: {status} {answer}"))
    until = time.monotonic() + CODE_S
    while time.monotonic() < until:
        found = re.search(rb"SMS [^\n]*\b([0-9]{6})\b is your code", log.read_bytes()[before:])
        if found:
            session.screen.say(
                f"验证码已发送到 {answer['to']}（演示中写在日志里）",
                f"A code went to {answer['to']} (here: to the demo's log)",
            )
            return found[1].decode()
        time.sleep(POLL_S)
    raise TimedOut(Text("验证码没有到达", "The code did not come"), timeout_s=CODE_S)


def _tell_batches(session: Session, parts: Mapping[str, Any]) -> None:
    session.screen.say("每个批次的结果：", "How each batch ended:")
    for part in parts["items"]:
        for line in part_lines(session, part):
            session.screen.line(f"  {line}")


def _restore(session: Session, stage: Stage, number: int) -> int:
    """The command as a person types it, in a process of its own; answers its exit code."""
    words = ["request", "restore", str(number), "--yes", "--wait"]
    session.screen.say(
        f"一条命令恢复：yunwei {' '.join(words)}", f"One command brings it back: yunwei {' '.join(words)}"
    )
    settings = stage.settings
    given = {"HOME": settings.home, "ESTATE": settings.estate, "CLOCK": settings.clock, "USER": ADMIN}
    environment = {**os.environ, **{f"YUNWEI_{k}": str(v) for k, v in given.items()}}
    command = [sys.executable, "-P", "-m", "cli", "--lang", session.screen.language, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=COMMAND_S, check=False)
    for line in (done.stdout or done.stderr).splitlines():
        session.screen.line(f"  {line}")
    return done.returncode


def _tables(stage: Stage) -> dict[str, Any]:
    """Rows and digest of every table, as the lab itself sees them."""
    center = _books(stage)
    tables: dict[str, Any] = stage.lab.get(f"/sql/db1/tables?database={center.database}")["tables"]
    return {name: about for name, about in tables.items() if not name.endswith("yunwei_batch")}


def _books(stage: Stage) -> DataCenter:
    """The data center of the demo, as the estate names it."""
    center = stage.product.desk.estate.place(BOOKS).data_center
    if center is None:
        raise AssertionError(f"{BOOKS} is a data center")
    return center


def _batches_are_as_written(parts: Mapping[str, Any]) -> Check:
    red = [p for p in parts["items"] if p["colour"] == "red"]
    lines = [e["script_line"] for p in red for e in p["events"] if e["kind"] == "message" and e["severity"] > 10]
    wrong = SAMPLE.splitlines().index(next(x for x in SAMPLE.splitlines() if "T_BD_MATERIAL_LOG" in x)) + 1
    text = Text("三个批次绿，一个红，错误指向脚本的行", "Three batches green, one red, and its error names the line")
    told = ", ".join(f"{colour} {count}" for colour, count in parts["counts"].items() if count)
    return Check(text=text, held=parts["counts"] == WANTED and lines == [wrong], seen=f"{told}; line {lines}")


def _backup_came_first(stage: Stage, number: int) -> Check:
    """By the lab's own record: the backup, then the read of its file, then the script's first change."""
    effects = stage.lab.get("/sql/db1/ledger")["effects"]
    database = _books(stage).database
    mine = [e for e in effects if e["program"].startswith(f"job{number}.") and e["database"] == database]
    kinds = [e["kind"] for e in mine]
    changes = [n for n, kind in enumerate(kinds) if kind in ("update", "delete", "insert")]
    held = "backup" in kinds and bool(changes) and kinds.index("backup") < changes[0]
    text = Text("先备份并校验，再执行脚本", "The backup was made and proven before the script ran")
    return Check(text=text, held=held, seen=" → ".join(dict.fromkeys(kinds)))


def _rows_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Check:
    changed = sorted(name for name in before if before[name] != after.get(name))
    items = "T_BD_MATERIAL"
    text = Text("脚本改变了它该改变的表", "The script changed the table that it was meant for")
    seen = f"{items}: {before[items]['rows']} → {after[items]['rows']} rows"
    return Check(text=text, held=changed == [items] and after[items]["rows"] == before[items]["rows"] - 2, seen=seen)


def _rows_are_back(before: Mapping[str, Any], after: Mapping[str, Any], code: int) -> Check:
    text = Text("一条命令后，每张表的每一行都恢复了", "After one command every row of every table is back")
    rows = sum(about["rows"] for about in after.values())
    seen = f"exit code {code}, {len(after)} tables, {rows} rows, digests {'equal' if after == before else 'differ'}"
    return Check(text=text, held=code == 0 and after == before, seen=seen)
