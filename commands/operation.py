"""`yunwei operation …`: what can be done."""

from typing import Any

import click

from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.session import Session, with_session
from domain.catalog import Catalog
from domain.text import Text

command = Group("operation", help="What can be done.")


@command.command("list", cls=Leaf)
@with_session
def list_(session: Session, /) -> int:
    """The operations there are. Columns in a pipe: name, title, works on, accepted."""
    from intake.view import of_operation

    found = [of_operation(o) for o in _catalog()]
    session.screen.data({"items": found})
    heads = (Text("名称", "name"), Text("标题", "title"), Text("对象", "works on"), Text("受理", "accepted"))
    session.screen.table(heads, [(o["name"], session.screen.of(o["title"]), o["target"], o["accepted"]) for o in found])
    return DONE


@command.command(cls=Leaf)
@click.argument("name")
@with_session
def show(session: Session, /, name: str) -> int:
    """One operation: what it does, what it takes, who may ask for it."""
    from intake.view import of_operation

    found, screen = of_operation(_catalog().get(name)), session.screen
    screen.data(found)
    screen.line(f"{found['name']}  {screen.of(found['title'])}")
    screen.line(found["about"])
    rows: list[tuple[Text | str, object]] = [
        (Text("对象", "works on"), found["target"]),
        (Text("所需权益", "needs"), ", ".join(found["needs"])),
        (Text("角色", "roles"), ", ".join(found["roles"])),
        (Text("中断用户", "interrupts users"), screen.of(_yes(found["interrupts_users"]))),
        *((f"--{name.replace('_', '-')}", _about(param, screen.language)) for name, param in _params(found)),
    ]
    screen.table((Text("项目", "item"), Text("内容", "value")), [(screen.of(k), v) for k, v in rows])
    return DONE


def _catalog() -> Catalog:
    from playbooks import OPERATIONS

    return Catalog(OPERATIONS)


def _params(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(found["params"]["properties"].items())


def _about(param: dict[str, Any], language: str) -> str:
    words = f" ({'|'.join(param['enum'])})" if "enum" in param else f" ({param['type']})"
    default = f" [{param['default']}]" if "default" in param else ""
    return str(param["title"] if language == "zh" else param["description"]) + words + default


def _yes(value: bool) -> Text:
    return Text("是", "yes") if value else Text("否", "no")
