"""`request submit OPERATION PLACE` and `request check …`: a sub-command for each operation, drawn from its fields."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from datetime import datetime
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import click

from commands.codes import HELP, ask_for, code_of, have_sent
from commands.exits import DONE, REFUSED, reason_lines
from commands.following import follow_request
from commands.lazy import Group, Leaf
from commands.moments import read_at, shown
from commands.places import complete_place
from commands.session import Session, with_session
from domain.decision import Refused, Verdict
from domain.operation import Operation
from domain.parameters import schema
from domain.text import Text

Wish = dict[str, Any]
_AT_HELP: Final = (
    "When: now, +10m, 22:30, '2026-11-24 22:30' (the tenant's zone), or RFC 3339. Left out: the first slot."
)


class OperationGroup(Group):
    """Its commands are the operations. An unknown one is asked for as well: the intake names every mistake at once."""

    def __init__(self, *, make: Callable[[str, type[Operation] | None], click.Command], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._make = make

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_operations())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._make(cmd_name, _operations().get(cmd_name))


def submit_command(name: str, operation: type[Operation] | None) -> click.Command:
    """`request submit NAME`."""
    more: list[click.Parameter] = [
        click.Option(["--email"], help="Who is told of it, too."),
        click.Option(["--key"], help="Idempotency key: the same key and wish answer the first request again."),
        click.Option(["--yes"], is_flag=True, help="The second confirmation, where nobody can be asked."),
        click.Option(["--send-code"], is_flag=True, help="Have a one-time code sent to your phone; submits nothing."),
        click.Option(["--code"], metavar="DIGITS", help=HELP),
        click.Option(["--wait"], is_flag=True, help="Follow it to its end; the exit code is its end's."),
    ]
    return _command(name, operation, _submit, more)


def check_command(name: str, operation: type[Operation] | None) -> click.Command:
    """`request check NAME`."""
    return _command(name, operation, _check, [])


submit = OperationGroup(
    name="submit",
    make=submit_command,
    subcommand_metavar="OPERATION PLACE [OPTIONS]",
    help="Ask for an operation on a place. `submit OPERATION --help` tells what it does and takes.",
)
check = OperationGroup(
    name="check",
    make=check_command,
    subcommand_metavar="OPERATION PLACE [OPTIONS]",
    help="What would happen, and when it would be allowed. Creates nothing; exit code 3 if it would be refused.",
)


@with_session
def _submit(
    session: Session, /, wish: Wish, key: str | None, yes: bool, wait: bool, send_code: bool, code: str | None
) -> int:
    from intake import view
    from intake.submit import submit as ask

    body = _body(session, wish)
    if send_code:
        return have_sent(session, ask_for(session, body))
    if yes or _confirmed(session, body):
        body["confirm"] = True
    # A refusal and the second confirmation come before the code: nobody is sent one in vain.
    operation = _operations().get(body["operation"])
    given = code_of(session, code, operation is not None and operation.traits.code, ask_for(session, body))
    body |= {"code": given} if given else {}
    answer = ask(session.desk, session.actor, body, key)
    session.screen.data(view.of_answer(answer))
    when = shown(answer.planned_at, session.given.zone)
    again_zh, again_en = ("（与先前相同的请求）", " (asked before)") if answer.replayed else ("", "")
    session.screen.say(
        f"运维单 {answer.number} 已受理{again_zh}：{body['operation']} {body['place']}，计划时间 {when}",
        f"Request {answer.number} is accepted{again_en}: {body['operation']} on {body['place']}, planned for {when}",
    )
    if wait:
        return follow_request(session, answer.number)
    session.screen.say(f"跟踪：yunwei request follow {answer.number}", f"Follow: yunwei request follow {answer.number}")
    return DONE


@with_session
def _check(session: Session, /, wish: Wish) -> int:
    from intake import view
    from intake.submit import check as ask

    found = ask(session.desk, session.actor, _body(session, wish))
    session.screen.data(view.of_check(found))
    allowed = found.decision.verdict is Verdict.ALLOW
    if allowed:
        when = shown(found.planned_at or session.desk.store.clock.now(), session.given.zone)
        session.screen.say(f"可以执行，计划时间 {when}", f"It would be accepted, planned for {when}")
    else:
        session.screen.say("将被拒绝：", "It would be refused:")
    for reason in found.decision.reasons:
        for line in reason_lines(reason, session.screen, session.given):
            session.screen.line(line)
    if found.warning:
        session.screen.line(session.screen.of(found.warning))
    minutes = max(1, round(found.estimate.total_seconds() / 60))
    session.screen.say(f"预计用时 {minutes} 分钟", f"Likely to take {minutes} min")
    _plan(session, found.slots, found.steps)
    return DONE if allowed else REFUSED


def _plan(session: Session, slots: tuple[datetime, ...], steps: tuple[Text, ...]) -> None:
    screen = session.screen
    screen.say(
        "接下来可选的时间：" if slots else "没有可选的时间", "Next admissible times:" if slots else "No time helps"
    )
    for slot in slots:
        screen.line(f"  {shown(slot, session.given.zone)}")
    screen.say("步骤：", "Steps:")
    for number, step in enumerate(steps, 1):
        screen.line(f"  {number}. {screen.of(step)}")


def _body(session: Session, wish: Wish) -> dict[str, Any]:
    """The body as the HTTP API takes it."""
    at = wish.pop("at", None)
    body = {k: v for k, v in wish.items() if v is not None}
    zone = session.zone(wish["place"])
    if at is not None:
        body["planned_at"] = read_at(at, zone, session.desk.store.clock)
    return body


def _confirmed(session: Session, body: dict[str, Any]) -> bool:
    """Ask the person at the terminal, after telling what would happen. Without one the intake asks for --yes."""
    if not session.screen.is_terminal:
        return False
    from intake.submit import check as ask

    found = ask(session.desk, session.actor, body)
    if found.decision.verdict is not Verdict.ALLOW:
        raise Refused(found.decision)
    operation = session.desk.catalog.get(found.operation)
    if not operation.traits.interrupts_users:
        return False
    if found.warning:
        session.screen.line(session.screen.of(found.warning))
    place = session.desk.place(found.place, session.actor)
    when = shown(found.planned_at or session.desk.store.clock.now(), session.given.zone)
    screen = session.screen
    screen.say(
        f"{operation.title.zh}：{place.title}，计划时间 {when}，共 {len(found.steps)} 步。此操作会中断用户。",
        f"{operation.title.en} on {place.title}, {when}, {len(found.steps)} steps. This interrupts users.",
    )
    return click.confirm(screen.of(Text("确认？", "Go ahead?")), abort=True)


# -- drawing a command from an operation ----------------------------------------------------------------------


def _operations() -> dict[str, type[Operation]]:
    from playbooks import OPERATIONS

    return {operation.name: operation for operation in OPERATIONS}


def _command(
    name: str, operation: type[Operation] | None, run: Callable[..., int], more: list[click.Parameter]
) -> click.Command:
    names = [f.name for f in fields(operation)] if operation else []

    def called(**given: Any) -> int:
        params = {n: given.pop(f"param_{n}") for n in names}
        wish = {n: given.pop(n, None) for n in ("place", "at", "description", "email")}
        wish |= {"operation": name, "params": {n: v for n, v in params.items() if v is not None}}
        return run(wish=wish, **given)

    short = operation.title.en if operation else "No such operation."
    options = [*_field_options(operation), *_common_options(), *more]
    return Leaf(name, params=options, callback=called, help=_manual(operation), short_help=short)


def _manual(operation: type[Operation] | None) -> str:
    if operation is None:
        return "There is no such operation; `yunwei operation list` shows those there are."
    return f"{operation.title.en} ({operation.title.zh}).\n\n{inspect.getdoc(operation) or ''}"


def _common_options() -> list[click.Parameter]:
    return [
        click.Argument(["place"], shell_complete=complete_place),
        click.Option(["--at"], metavar="TIME", help=_AT_HELP),
        click.Option(["--description"], help="Why, for those who read it later."),
    ]


def _field_options(operation: type[Operation] | None) -> list[click.Parameter]:
    if operation is None:
        return []
    types, about = get_type_hints(operation), schema(operation)["properties"]
    return [_option(f, types[f.name], about[f.name]) for f in fields(operation)]


def _option(field: Field[Any], kind: Any, about: dict[str, Any]) -> click.Option:
    """An option for a parameter. Words that do not fit are passed on: the intake lists every mistake at once."""
    flag, default = "--" + field.name.replace("_", "-"), None if field.default is MISSING else field.default
    text = about["description"] + ("" if default in (None, "") else f" [{default}]")
    name = f"param_{field.name}"
    if kind is bool:
        return click.Option([f"{flag}/--no-{flag[2:]}", name], default=None, help=text)
    if get_origin(kind) is Literal:
        words = [str(word) for word in get_args(kind)]
        complete = lambda _ctx, _param, begun: [w for w in words if w.startswith(begun)]  # noqa: E731
        return click.Option([flag, name], metavar="|".join(words), help=text, shell_complete=complete)
    return click.Option([flag, name], type=_Number(kind) if kind in (int, float) else str, help=text)


class _Number(click.ParamType[Any]):
    """A number if it is one; otherwise the word as it is, for the intake to name."""

    def __init__(self, kind: type[int] | type[float]) -> None:
        self.name = "number"
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._kind(value)
        except ValueError:
            return value
