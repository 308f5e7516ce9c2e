"""The batches of a request's script, and the way back to before it."""

from typing import Any, Final

import click

from commands.codes import HELP, ask_for, code_of, have_sent
from commands.exits import DONE
from commands.following import follow_request
from commands.lazy import Leaf
from commands.moments import read_at, shown
from commands.request_read import NUMBER
from commands.session import Session, with_session
from domain.text import Text

ROWS: Final = 10  # of a result, on a terminal; --json has all that was kept
_MARKS: Final = {
    "green": Text("绿", "green"),
    "red": Text("红", "red"),
    "grey": Text("灰", "grey"),
    "unknown": Text("未知", "unknown"),
}
_ENDS: Final = {
    "rolled-back": Text("已回滚", "rolled back"),
    "stopped": Text("被停止", "stopped"),
    "not-executed": Text("未执行（NOEXEC）", "not executed (NOEXEC)"),
    "broken-off": Text("连接中断，结果未知", "the connection broke: its end is not known"),
    "transaction-ended": Text("事务被脚本或严重错误结束", "the transaction was ended by the script or a grave error"),
    "from-ledger": Text("由账本核实", "known from the ledger"),
}


@click.command(cls=Leaf)
@NUMBER
@click.option("--colour", type=click.Choice(list(_MARKS)), help="Only those; red first, in a long script.")
@click.option("--after", type=int, default=0, metavar="BATCH", help="The last batch of the page before.")
@click.option("--limit", type=int, default=50, show_default=True)
@with_session
def batches(session: Session, /, number: int, colour: Any, after: int, limit: int) -> int:
    """How the batches of a request's script stand: messages, row counts and results, with the script's lines."""
    from intake import script_view
    from intake.parts import parts

    page = parts(session.desk, session.actor, number, after=after, limit=limit, colour=colour)
    session.screen.data(script_view.of_parts(page))
    told = ", ".join(f"{session.screen.of(_MARKS[c])} {n}" for c, n in page.counts.items())
    session.screen.say(f"批次：{told}", f"Batches: {told}")
    for part in page.items:
        for line in part_lines(session, dict(part)):
            session.screen.line(line)
    if page.next:
        session.screen.say(f"更多：--after {page.next}", f"More: --after {page.next}")
    return DONE


@click.command(cls=Leaf)
@NUMBER
@click.option("--how", type=click.Choice(["beside", "in-place"]), help="Beside and then swapped, or in place.")
@click.option("--at", metavar="TIME", help="When; left out: the first slot.")
@click.option("--description", help="Why, for those who read it later.")
@click.option("--key", help="Idempotency key: the same key and wish answer the first request again.")
@click.option("--yes", is_flag=True, help="The second confirmation, where nobody can be asked.")
@click.option("--send-code", is_flag=True, help="Have a one-time code sent to your phone; submits nothing.")
@click.option("--code", metavar="DIGITS", help=HELP)
@click.option("--wait", is_flag=True, help="Follow it to its end; the exit code is its end's.")
@with_session
def restore(
    session: Session,
    /,
    number: int,
    at: str | None,
    key: str | None,
    yes: bool,
    send_code: bool,
    code: str | None,
    wait: bool,
    **more: Any,
) -> int:
    """Restore a request's data center from the backup that was taken before it. A new request, with its policies."""
    from intake import view
    from intake.read import show
    from intake.way_back import RESTORE, restore_of, wish_of, written_since

    item = show(session.desk, session.actor, number)
    zone = session.zone(item.request.place)
    body = {name: value for name, value in more.items() if value is not None}
    if at is not None:
        body["planned_at"] = read_at(at, zone, session.desk.store.clock)
    send = ask_for(session, wish_of(session.desk, session.actor, number, body))
    if send_code:
        return have_sent(session, send)
    if yes or _confirmed(session, item.request.place, dict(written_since(session.desk, item)), zone):
        body["confirm"] = True
    given = code_of(session, code, session.desk.catalog.get(RESTORE).traits.code, send)
    body |= {"code": given} if given else {}
    answer = restore_of(session.desk, session.actor, number, body, key)
    session.screen.data(view.of_answer(answer))
    when = shown(answer.planned_at, zone)
    session.screen.say(
        f"运维单 {answer.number} 已受理：恢复 {item.request.place} 到运维单 {number} 之前，计划时间 {when}",
        f"Request {answer.number} is accepted: restore {item.request.place} as before request {number}, {when}",
    )
    return follow_request(session, answer.number) if wait else DONE


COMMANDS: Final = (batches, restore)


def part_lines(session: Session, part: dict[str, Any]) -> list[str]:
    """One batch as people read it: its mark and lines, then what the server said."""
    screen = session.screen
    where = Text(
        f"第 {part['number']} 批（脚本第 {part['line']}–{part['last_line']} 行）",
        f"batch {part['number']} (lines {part['line']}–{part['last_line']})",
    )
    ended = _ENDS.get(part["ended"])
    more = f" · {screen.of(ended)}" if ended else ""
    times = f" · {part['done']}/{part['times']}" if part["times"] > 1 else ""
    head = f"{screen.of(_MARKS[part['colour']])} · {screen.of(where)} · {part['seconds']:.3f} s{times}{more}"
    return [head, *(f"    {line}" for event in part["events"] for line in _event_lines(screen, event))]


def _event_lines(screen: Any, event: dict[str, Any]) -> list[str]:
    match event["kind"]:
        case "message" if event["severity"] > 10:
            return [screen.of(_error(event))]
        case "message":
            return [str(event["text"])]
        case "count":
            return [screen.of(Text(f"{event['rows']} 行受影响", f"{event['rows']} rows affected"))]
        case "result":
            return _result_lines(screen, event)
    raise ValueError(f"a batch tells of a message, a count or a result, not of {event['kind']!r}")


def _error(event: dict[str, Any]) -> Text:
    line, procedure = event["script_line"], event["procedure"]
    zh = f"脚本第 {line} 行" if line else f"过程 {procedure} 第 {event['line']} 行"
    en = f"line {line} of the script" if line else f"line {event['line']} of {procedure}"
    return Text(
        f"错误 {event['number']}，级别 {event['severity']}，状态 {event['state']}，{zh}：{event['text']}",
        f"error {event['number']}, severity {event['severity']}, state {event['state']}, {en}: {event['text']}",
    )


def _result_lines(screen: Any, event: dict[str, Any]) -> list[str]:
    """The columns, the first rows, and how many there were."""
    rows = event["rows"][:ROWS]
    lines = [" | ".join("NULL" if v is None else str(v) for v in row) for row in rows]
    total = screen.of(Text(f"共 {event['total']} 行", f"{event['total']} rows in all"))
    return [" | ".join(map(str, event["columns"])), *lines, total]


def _confirmed(session: Session, place: str, undone: dict[str, Any], zone: Any) -> bool:
    """Ask the person at the terminal, after telling what is lost."""
    if not session.screen.is_terminal:
        return False
    since = shown(undone["backed_up_at"], zone)
    session.screen.say(
        f"{place} 将恢复到 {since} 的备份，此后写入的内容都会丢失。",
        f"{place} goes back to the backup of {since}: everything written since is lost.",
    )
    for request in undone["requests"]:
        session.screen.line(f"  #{request['number']} {request['operation']}")
    return click.confirm(session.screen.of(Text("确认？", "Go ahead?")), abort=True)
