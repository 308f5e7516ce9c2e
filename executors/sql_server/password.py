"""Reset the password of an ERP's user: made here, applied by the provider's own template, handed over once.

It is in no plan, no event and no table. Whoever dies between the change and the delivery leaves a password that nobody
knows: then it is reset again, under a new attempt, and a stale worker can no longer do anything.
"""

import secrets
import string
from pathlib import Path
from typing import Final

from domain.command import Call
from domain.errors import Broke, Trouble
from domain.secret import Secret, mask
from domain.text import Text
from executors import mssql_quoting as quoted
from executors.mssql_address import server_of
from executors.sql_server import attempt
from executors.sql_server.server import Arguments, Facts, Server

LENGTH: Final = 20
_CLASSES: Final = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "#%+-=?@_")
_LOOKALIKES: Final = frozenset("0O1lI")  # people type it once
MOST_BYTES: Final = 64 * 1024


def reset_password(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Reset it once, or look what became of it. Facts: to whom it went, masked. Raises Broke."""
    with server.link(arguments["token"]) as keeper:
        if arguments.get("look"):
            marker = attempt.look(keeper, arguments)
            began = {"took_effect": False} if marker.phase == "begun" else {}
            return {**marker.as_facts(), **began}
        template = _template(server)
        server.post.check(arguments["job"])
        return attempt.once(keeper, arguments, {}, lambda: _reset(server, arguments, template))


def new_password() -> Secret:
    """Twenty characters of four classes, each class at least once."""
    choices = [[c for c in each if c not in _LOOKALIKES] for each in _CLASSES]
    every = [c for each in choices for c in each]
    letters = [secrets.choice(each) for each in choices]
    letters += [secrets.choice(every) for _ in range(LENGTH - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return Secret("".join(letters))


def _reset(server: Server, arguments: Arguments, template: str) -> Facts:
    password = new_password()
    with server.link(arguments["token"], arguments["database"]) as inside:
        try:
            row = inside.row(_call(template, arguments["user"], password))
        except Trouble as trouble:
            zh, en = (mask(text, (password,)) for text in (trouble.text.zh, trouble.text.en))
            raise Broke(Text(zh, en), database=arguments["database"]) from None
    changed = int((row or {}).get("changed") or 0)
    if changed != 1:
        zh = f"模板更改了 {changed} 个用户，应为 1 个：密码视为未重置"
        en = f"The template changed {changed} users instead of one: the password is taken as not reset"
        raise Broke(Text(zh, en), database=arguments["database"], user=arguments["user"])
    return {"sent_to": server.post.deliver(arguments["job"], arguments["user"], password)}


def _call(template: str, user: str, password: Secret) -> str:
    """The template with its two parameters, bound by the server itself."""
    declared = quoted.text("@user nvarchar(100), @password nvarchar(128)")
    given = f"@user = {quoted.text(user)}, @password = {quoted.text(password.open())}"
    return f"EXEC sp_executesql {quoted.text(template)}, {declared}, {given}"


def _template(server: Server) -> str:
    """The provider's own. Raises Broke, nothing begun: it is missing, too long, or says nothing of what it changed."""
    file = server_of(server.host).password_reset
    try:
        text = Path(file or "").read_text(encoding="utf-8") if file else ""
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text or len(text) > MOST_BYTES or "@password" not in text or "changed" not in text:
        zh = f"{server.host.path} 没有可用的密码重置模板（sql.password_reset）；请服务商安装"
        en = f"{server.host.path} has no template that resets passwords (sql.password_reset): the provider installs one"
        raise Broke(Text(zh, en), host=server.host.path, started=False)
    return text
