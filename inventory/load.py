"""An estate file to an inventory: read the bytes, read the YAML, check it all, build the places."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.errors import Denied, Fault, Mistake, NotFound
from domain.places import Estate
from domain.rulebook import Rulebook
from domain.text import Text
from inventory.check import check
from inventory.document import read_document

MAX_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """All places and all figures of one estate file, and the folder that file lies in."""

    estate: Estate
    rules: Rulebook
    folder: Path


def load(path: Path) -> Inventory:
    """The inventory in the estate file at `path`. Raises Mistake with every fault, NotFound, or Denied."""
    return parse(_bytes(path), folder=path.absolute().parent, name=path.name)


def parse(data: bytes, *, folder: Path, name: str = "estate.yml") -> Inventory:
    """The inventory in the bytes of an estate file; its relative file names start from `folder`. Raises Mistake."""
    document = read_document(_text(data, name))
    said = check(document, folder, name)
    return Inventory(estate=Estate(tenants=said.tenants), rules=said.policies, folder=folder)


def _bytes(path: Path) -> bytes:
    try:
        if not path.exists():
            raise NotFound(Text(f"没有资产文件 {path}", f"There is no estate file {path}"), file=str(path))
        if not path.is_file():
            raise Mistake(Text(f"{path} 不是文件", f"{path} is not a file"), file=str(path))
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror
        zh, en = f"不能读取资产文件 {path}：{why}", f"The estate file {path} cannot be read: {why}"
        raise Denied(Text(zh, en), file=str(path)) from error


def _text(data: bytes, name: str) -> str:
    """UTF-8, with or without the mark that Windows editors put first."""
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise _unreadable(name, Text(f"大于 {limit} MiB", f"larger than {limit} MiB"), line=1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    zh = f"第 {line} 行第 {column} 字节不是 UTF-8：请以 UTF-8 保存"
    en = f"not UTF-8 in line {line}, byte {column}: save the file as UTF-8"
    raise _unreadable(name, Text(zh, en), line=line, column=column)


def _unreadable(name: str, why: Text, **facts: object) -> Mistake:
    text = Text(f"资产文件 {name} 无法读取", f"The estate file {name} is not readable")
    return Mistake(text, faults=(Fault("", why, "unreadable", facts),), file=name)
