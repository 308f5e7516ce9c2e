"""The rules of splitter and review once more, with no regard for speed: the oracle of the property tests."""

import re
from collections.abc import Sequence

from tsql import statements
from tsql.words import Word

COMMANDS = [
    "setvar",
    "connect",
    "out",
    "error",
    "perftrace",
    "list",
    "listvar",
    "reset",
    "ed",
    "exit",
    "quit",
    "xml",
    "help",
    "serverlist",
    "r",
]
Found = tuple[object, ...]


def split_slowly(script: str) -> list[Found]:
    """Batches as (text, line, times), flaws as (line, code)."""
    found: list[Found] = []
    begin = at = 0
    blank = True  # nothing but comments and spaces so far on this line
    while at < len(script):
        if blank and (at == 0 or script[at - 1] in "\r\n") and (go := is_go(script, at)):
            end = line_end(script, at)
            times = count(script[go:end])
            if not times:
                found.append((line_of(script, at), "bad-go"))
            found += batch(script, begin, at, times or 1)
            begin = at = after_newline(script, end)
            continue
        if (at == 0 or script[at - 1] in "\r\n") and is_command(script, at):
            found.append((line_of(script, at), "sqlcmd"))
        end = token_end(script, at)
        if end < 0:
            return [*found, (line_of(script, at), "unclosed"), *batch(script, begin, len(script), 1)]
        token, at = script[at:end], end
        if token.startswith("/*"):
            blank = blank or "\n" in token or "\r" in token
            if blank and is_go(script, at):
                found.append((line_of(script, at), "go-after-comment"))
        elif token in ("\n", "\r", "\r\n"):
            blank = True
        elif token not in " \t":
            blank = False
    return found + batch(script, begin, len(script), 1)


def is_go(script: str, at: int) -> int:
    """Where the GO at this position ends, behind leading blanks; 0 where there is none."""
    while at < len(script) and script[at] in " \t":
        at += 1
    follows = script[at + 2 : at + 3]
    return at + 2 if script[at : at + 2].lower() == "go" and (not follows or follows in " \t\r\n$/-'\"([!;") else 0


def is_command(script: str, at: int) -> bool:
    line = script[at : line_end(script, at)].lstrip(" \t").lower()
    word = re.match(r":(\w*)", line)
    return bool(word and word[1] in COMMANDS)


def count(tail: str) -> int:
    digits = tail.split("--")[0].strip(" \t")
    if not digits:
        return 1
    return int(digits) if re.fullmatch("[0-9]+", digits) and int(digits) <= 2_147_483_647 else 0


def token_end(script: str, at: int) -> int:
    """Where the token at this position ends, or -1 where it never does."""
    here = script[at]
    if script.startswith("/*", at):
        return comment_end(script, at)
    if script.startswith("--", at):
        return line_end(script, at)
    if here in "'\"":
        return script.find(here, at + 1) + 1 or -1
    if here == "[":
        return name_end(script, at)
    return at + 2 if script.startswith("\r\n", at) else at + 1


def comment_end(script: str, at: int) -> int:
    depth = 0
    while at < len(script):
        if script.startswith("/*", at):
            depth, at = depth + 1, at + 2
        elif script.startswith("*/", at):
            depth, at = depth - 1, at + 2
        else:
            at += 1
        if not depth:
            return at
    return -1


def name_end(script: str, at: int) -> int:
    at += 1
    while at < len(script):
        if script.startswith("]]", at):
            at += 2
        elif script[at] == "]":
            return at + 1
        else:
            at += 1
    return -1


def line_end(script: str, at: int) -> int:
    while at < len(script) and script[at] not in "\r\n":
        at += 1
    return at


def after_newline(script: str, at: int) -> int:
    return at + (2 if script.startswith("\r\n", at) else 1 if at < len(script) else 0)


def line_of(script: str, at: int) -> int:
    before = script[:at]
    return 1 + before.count("\n") + before.count("\r") - before.count("\r\n")


def batch(script: str, begin: int, end: int, times: int) -> list[Found]:
    text = script[begin:end]
    return [(text, line_of(script, begin), times)] if text.strip() else []


def bare_slowly(said: Sequence[Word]) -> list[tuple[int, str]]:
    """UPDATE and DELETE without WHERE: each read from its verb to its end, whatever was read before."""
    begun = (at for at, word in enumerate(said) if word.of("update", "delete") and statements._begins(said, at))
    return [(said[at].line, said[at].text) for at in begun if not _limited_slowly(said, at)]


def _limited_slowly(said: Sequence[Word], start: int) -> bool:
    depth, change = 0, statements._Change(start)
    for at in range(start + 1, len(said)):
        depth += said[at].of("(") - said[at].of(")")
        if depth < 0:
            return False
        if depth or said[at].of(")"):
            continue
        if said[at].of("where", "join"):
            return True
        if statements._ends(said, at, change):
            return False
    return False
