"""Names and texts as T-SQL writes them: the one place where a value becomes part of a statement."""

from typing import Final

from domain.errors import Mistake
from domain.text import Text

MOST_OF_NAME: Final = 128


def name(text: str) -> str:
    """`[text]`. Raises Mistake for what no object of SQL Server can be called."""
    if not 0 < len(text) <= MOST_OF_NAME or any(ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF for c in text):
        zh, en = f"不能作为名称：{text[:40]!r}", f"No name for SQL Server: {text[:40]!r}"
        raise Mistake(Text(zh, en), started=False)
    return "[" + text.replace("]", "]]") + "]"


def text(value: str) -> str:
    """`N'value'`, for statements that take no parameters. Raises Mistake for a NUL, and for a line that goes on."""
    if "\0" in value or "\\\n" in value or "\\\r" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise Mistake(Text("文本含有不能发送的字符", "The text holds characters that cannot be sent"), started=False)
    return "N'" + value.replace("'", "''") + "'"
