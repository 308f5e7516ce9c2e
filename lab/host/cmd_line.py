"""The part of cmd.exe's grammar that the lab understands: words, quotes, variables, chains, redirections."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

MOST_LINE = 8191
Joint = Literal["first", "always", "and", "or"]
_JOINTS: dict[str, Joint] = {"&": "always", "&&": "and", "||": "or"}
_VARIABLE = re.compile(r"%([^%\s=]+)%")
_REDIRECT = re.compile(r"(?P<from>[12])?(?P<how>>>|>)(?P<to>&[12])?")


class NotUnderstood(ValueError):
    """The lab's cmd does not do this."""


@dataclass
class Redirect:
    """`stream` goes to a file (`path`, maybe `append`) or where the other stream goes (`same_as`)."""

    stream: str
    path: str = ""
    append: bool = False
    same_as: str = ""


@dataclass
class Command:
    """One command of a chain; `raw` is its text after the variables, for `echo`."""

    joint: Joint
    raw: str = ""
    words: list[str] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)


def expand(line: str, environment: Mapping[str, str]) -> str:
    """Put in the values of `%NAME%`; an unknown one stays as it is, as `cmd /c` leaves it."""
    values = {name.upper(): value for name, value in environment.items()}
    return _VARIABLE.sub(lambda found: values.get(found[1].upper(), found[0]), line)


def strip_outer_quotes(line: str) -> str:
    """What `cmd /c` does to a line that begins with a quote: keep `"program"`, else drop the first and the last."""
    text = line.strip()
    if not text.startswith('"') or (text.count('"') == 2 and (" " not in text or not text.endswith('"'))):
        return text
    last = text.rindex('"')
    return text[1:last] + text[last + 1 :] if last else text


def parse(line: str) -> list[Command]:
    """The chain of commands. Raises NotUnderstood for pipes, input redirection, brackets, over-long lines."""
    if len(line) > MOST_LINE:
        raise NotUnderstood(f"a line of more than {MOST_LINE} characters")
    return [_command(joint, text) for joint, text in _split_chain(line) if text.strip()]


def _split_chain(line: str) -> list[tuple[Joint, str]]:
    parts: list[tuple[Joint, str]] = []
    joint: Joint = "first"
    text, at, quoted = "", 0, False
    while at < len(line):
        char = line[at]
        quoted = quoted != (char == '"')
        operator = "" if quoted else _operator(line, at, text)
        if operator:
            parts.append((joint, text))
            joint, text, at = _JOINTS[operator], "", at + len(operator)
            continue
        step = 2 if char == "^" and not quoted else 1  # `^` takes the meaning from the next character
        text, at = text + line[at : at + step], at + step
    return [*parts, (joint, text)]


def _operator(line: str, at: int, before: str) -> str:
    if line.startswith(("&&", "||"), at):
        return line[at : at + 2]
    if line[at] == "&":
        return "" if before.endswith(">") else "&"
    if line[at] in "|<()":
        raise NotUnderstood(f"{line[at]!r} outside quotes")
    return ""


def _command(joint: Joint, text: str) -> Command:
    command = Command(joint)
    word, at, quoted, in_word = "", 0, False, False
    while at < len(text):
        char = text[at]
        redirect = None if quoted or (in_word and char in "12") else _REDIRECT.match(text, at)
        if redirect:
            at = _redirect(command, text, redirect)
            command.words, word, in_word = [*command.words, *([word] if in_word else [])], "", False
            continue
        if char == "^" and not quoted and at + 1 < len(text):
            at, char = at + 1, text[at + 1]
        elif char == '"':
            quoted = not quoted
        ends = char in " \t" and not quoted
        command.raw += char
        if ends and in_word:
            command.words.append(word)
        word, in_word = ("", False) if ends else (word + ("" if char == '"' else char), True)
        at += 1
    command.words = [*command.words, *([word] if in_word else [])]
    return command


def _redirect(command: Command, text: str, found: re.Match[str]) -> int:
    stream = "stderr" if found["from"] == "2" else "stdout"
    if found["to"]:
        command.redirects.append(Redirect(stream, same_as="stderr" if found["to"] == "&2" else "stdout"))
        return found.end()
    target = re.compile(r'\s*("[^"]*"|[^\s>]+)').match(text, found.end())
    if not target:
        raise NotUnderstood("a redirection without a file")
    command.redirects.append(Redirect(stream, path=target[1].strip('"'), append=found["how"] == ">>"))
    return target.end()
