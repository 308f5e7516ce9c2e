"""`yunwei script …`: hand in a script for a data center, and see what the review says."""

from pathlib import Path
from typing import Any

import click

from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.places import complete_place
from commands.request_files import FILE, read_file
from commands.session import Session, with_session
from domain.text import Text


@click.command("add", cls=Leaf)
@click.argument("place", shell_complete=complete_place)
@click.argument("file", type=FILE)
@click.option("--name", help="The name under which it is kept; left out: the file's own.")
@click.option("--encoding", default="", help="Of a file without a byte order mark, such as gb18030; UTF-8 is known.")
@with_session
def add(session: Session, /, place: str, file: Path, name: str | None, encoding: str) -> int:
    """Hand in a script for a data center. It is read whole; what is forbidden is refused with every line.

    The answer names its id, for `request submit sql-update PLACE --script ID`.
    """
    from intake import script_view, scripts

    content = read_file(file, scripts.MAX_BYTES + 1)
    given = file.name if name is None else name
    script = scripts.hand_in(session.desk, session.actor, place, content, given, encoding)
    session.screen.data(script_view.of_script(script))
    session.screen.say(
        f"脚本 {script.id}：{script.batches} 个批次，{script.size} 字节，SHA-256 {script.sha256[:16]}…",
        f"Script {script.id}: {script.batches} batches, {script.size} bytes, SHA-256 {script.sha256[:16]}…",
    )
    for finding in script.findings:
        session.screen.line(_finding(session, dict(finding)))
    if more := script.found - len(script.findings):
        session.screen.say(
            f"  另有 {more} 处没有列出；风险共 {script.risky} 处",
            f"  and {more} more that are not listed; {script.risky} are risky in all",
        )
    return DONE


def _finding(session: Session, finding: dict[str, Any]) -> str:
    mark = session.screen.of(Text("风险", "risky") if finding["weight"] == "risky" else Text("提示", "note"))
    where = session.screen.of(Text(f"第 {finding['line']} 行", f"line {finding['line']}"))
    return f"  {mark} · {where}: {session.screen.of(finding['text'])}"


command = Group("script", help="Scripts for SQL updates: hand one in, see what the review says.")
command.add_command(add)
