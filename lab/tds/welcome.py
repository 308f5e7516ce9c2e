"""The answers to a login, good and bad."""

from typing import Final

from lab.tds.answers import Changed, Message, Server, Session
from lab.tds.login7 import UTF8_SUPPORT, Hello
from lab.tds.packets import Outgoing
from lab.tds.tokens import COLLATION, PACKET_SIZE, End, Status, Tokens, change, feature_ack, short_text

ENGLISH: Final = ("Changed database context to '{}'.", "Changed language setting to {}.")
CHINESE: Final = ("已将数据库上下文更改为“{}”。", "已将语言设置更改为 {}。")
CHINESE_LANGUAGE: Final = "简体中文"
NO_INTEGRATED: Final = Message(number=18456, severity=14, state=1, text="Login failed for user ''.")
TLS_NEEDED: Final = Message(
    number=17835,
    severity=20,
    state=1,
    text="Encryption is required to connect to this server but the client library does not support encryption; "
    "the connection has been closed. Please upgrade your client library.",
)


def welcome(tokens: Tokens, out: Outgoing, server: Server, session: Session, hello: Hello) -> None:
    """The one message of a login that succeeded, in the order that every client expects."""
    context, language = CHINESE if session.language == CHINESE_LANGUAGE else ENGLISH
    out.add(tokens.changed(Changed(what="database", new=session.database, old="master")))
    out.add(tokens.message(_information(5701, 2, context.format(session.database))))
    if tokens.dialect.has_collations:
        out.add(change(COLLATION, bytes([len(server.collation)]) + server.collation + b"\0"))
    out.add(tokens.changed(Changed(what="language", new=session.language, old="")))
    out.add(tokens.message(_information(5703, 1, language.format(session.language))))
    out.add(tokens.login_ack(server.version))
    size = str(hello.packet_bytes)
    out.add(change(PACKET_SIZE, short_text(size) + short_text(size)))
    if hello.features is not None:
        out.add(feature_ack({UTF8_SUPPORT: b"\x01"} if UTF8_SUPPORT in hello.features else {}))
    out.add(tokens.done(End.STATEMENT, Status.FINAL))
    out.end()


def refuse(tokens: Tokens, out: Outgoing, messages: tuple[Message, ...]) -> None:
    """The one message of a login that failed."""
    for message in messages:
        out.add(tokens.message(message))
    out.add(tokens.done(End.STATEMENT, Status.ERROR))
    out.end()


def _information(number: int, state: int, text: str) -> Message:
    return Message(number=number, severity=0, state=state, text=text)
