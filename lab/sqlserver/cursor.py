"""A reader over tokens, for the parsers of control flow and of administration statements."""

from collections.abc import Sequence

from lab.sqlserver.errors import SqlError
from lab.sqlserver.lexer import Token

_END = Token(kind="end", raw="", value="", line=0, start=0, end=0)


class Cursor:
    """Looks at and takes tokens in order. What does not fit raises SqlError 102."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        """The token to come; an empty one at the end."""
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else _END

    def ended(self) -> bool:
        """Nothing is left."""
        return self.at >= len(self.tokens)

    def take(self) -> Token:
        """The next token. Raises SqlError at the end."""
        if self.ended():
            raise self.wrong()
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, *words: str) -> bool:
        """Take these words if they come next, all of them."""
        if any(self.peek(n).upper != word for n, word in enumerate(words)):
            return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Take these words. Raises SqlError."""
        if not self.accept(*words):
            raise self.wrong()

    def finish(self) -> None:
        """Nothing may be left: a word that was not read must not be dropped silently. Raises SqlError."""
        if not self.ended():
            raise self.wrong()

    def name(self) -> str:
        """An identifier, plain or quoted; a string stands for one too."""
        if self.peek().kind not in ("word", "quoted", "string"):
            raise self.wrong()
        return self.take().value

    def slice(self, start: int, end: int) -> str:
        """The text of the tokens from `start` up to `end`."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end] if end > start else ""

    def wrong(self) -> SqlError:
        """102 near the token to come, with its line."""
        near = self.peek() if not self.ended() else (self.tokens[-1] if self.tokens else _END)
        error = SqlError(102, near.value)
        error.line = near.line or 1
        return error
