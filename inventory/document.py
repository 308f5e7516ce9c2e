"""YAML text to plain values: mappings, lists, text, numbers. Anchors, aliases, tags and duplicate keys are refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from domain.errors import Fault
from domain.text import Text

# Written in C where the library was built with it; both parse alike.
LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH: Final = 32
MAX_VALUES: Final = 500_000
MAX_NUMBER_CHARS: Final = 40

_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MAKERS: Final = {
    "null": yaml.SafeLoader.construct_yaml_null,
    "bool": yaml.SafeLoader.construct_yaml_bool,
    "int": yaml.SafeLoader.construct_yaml_int,
    "float": yaml.SafeLoader.construct_yaml_float,
}


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file's values, the line of each path (from 1), and what is wrong with its YAML."""

    value: object
    lines: dict[str, int]
    faults: tuple[Fault, ...]

    def line(self, path: str) -> int:
        """The line of a path, or of the nearest place above it that the file has."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 1)


def read_document(text: str) -> Document:
    """The values of a YAML text. When the text cannot be read at all, `value` is None and `faults` says why."""
    try:
        faults = tuple(_guard(text))
        root = None if faults else yaml.compose(text, LOADER)
    except yaml.YAMLError as error:
        return Document(value=None, lines={}, faults=(_syntax(error, text),))
    if root is None:
        nothing = _fault(1, "文件是空的", "The file is empty", code="missing")
        return Document(value=None, lines={}, faults=faults or (nothing,))
    return _Builder().build(root)


def below(path: str, key: str | int) -> str:
    """The path of a key or of a list's item. A key that is no plain word may hold anything: it is not repeated."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    word = key if _PLAIN_WORD.fullmatch(key) else "?"
    return f"{path}.{word}" if path else word


def _guard(text: str) -> Iterator[Fault]:
    """What must be refused before values are built, because building it could take all memory."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, LOADER)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = _line(event)
        if depth > MAX_DEPTH or count > MAX_VALUES:
            yield _fault(
                line, "嵌套过深或内容过多", f"Nested deeper than {MAX_DEPTH}, or more than {MAX_VALUES} values"
            )
            return
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield _fault(
                line, "不支持锚点和别名（& 和 *），请完整写出", "Anchors and aliases (& and *) are not supported"
            )
        elif getattr(event, "tag", None):
            yield _fault(
                line, "不支持标签（!）；如果是文本请加引号", "Tags (!) are not supported: quote the text if it is one"
            )


def _line(thing: yaml.Event | yaml.Node) -> int:
    """The line, from 1. Both parsers set the mark; the types leave it open."""
    mark: Any = thing.start_mark
    return int(mark.line) + 1


def _syntax(error: yaml.YAMLError, text: str) -> Fault:
    """Where the YAML breaks off. The line's text is not repeated: it may hold a secret."""
    said = [getattr(error, word, None) for word in ("context", "problem", "reason")]
    problem = ", ".join(str(s) for s in said if s) or "not readable"
    mark: Any = getattr(error, "problem_mark", None)
    if mark:
        line, column = mark.line + 1, mark.column + 1
    else:
        before = text.encode()[: getattr(error, "position", 0)]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    zh = f"YAML 语法错误，第 {line} 行第 {column} 列：{problem}"
    return _fault(
        line, zh, f"YAML syntax error in line {line}, column {column}: {problem}", code="syntax", column=column
    )


def _fault(line: int, zh: str, en: str, *, path: str = "", code: str = "invalid", **facts: object) -> Fault:
    return Fault(path, Text(zh, en), code, {"line": line, **facts})


class _Builder:
    """Turns nodes into values. The depth is bounded by `_guard`, so recursion is safe."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.maker = yaml.SafeLoader("")

    def build(self, root: yaml.Node) -> Document:
        value = self._value(root, "")
        return Document(value=value, lines=self.lines, faults=tuple(self.faults))

    def _value(self, node: yaml.Node, path: str) -> object:
        self.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, below(path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, object]:
        """Keys are text, whatever YAML would make of them; the first of two like keys counts."""
        values: dict[str, object] = {}
        for key, child in node.value:
            line = _line(key)
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(_fault(line, "键必须是文本", "A key must be text", path=path, code="type"))
                continue
            here = below(path, key.value)
            if key.value in values:
                self.faults.append(_fault(line, "键重复", "The key is there twice", path=here, code="duplicate"))
                continue
            self.lines.setdefault(here, line)
            values[key.value] = self._value(child, here)
        return values

    def _scalar(self, node: yaml.ScalarNode) -> object:
        """As YAML 1.1 reads it, so that other tools agree; but dates stay text, for one reader with one message."""
        make = _MAKERS.get(node.tag.removeprefix(_TAG))
        if make is None or len(node.value) > MAX_NUMBER_CHARS:
            return node.value
        try:
            return make(self.maker, node)
        except ValueError:  # `0x_` looks like a number to YAML's own pattern and is none
            return node.value
