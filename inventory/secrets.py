"""Secret references to secrets. Errors name the reference, never the value."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from domain.errors import Denied
from domain.secret import Secret, SecretRef
from domain.text import Text

MAX_BYTES: Final = 64 * 1024
_OTHERS: Final = stat.S_IROTH | stat.S_IWOTH


def open_secret(ref: SecretRef, environment: Mapping[str, str] = os.environ) -> Secret:
    """The secret that `ref` points at; one line end at its end is cut off. Raises Denied naming the reference."""
    if ref.kind == "env":
        raw = _from_environment(ref, environment)
    elif ref.kind == "file":
        raw = _from_file(ref)
    else:
        raise _denied(ref, "未知的引用类型，应为 env: 或 file:", "the kind is not known: it must be env: or file:")
    return Secret(_text(ref, raw))


def _from_environment(ref: SecretRef, environment: Mapping[str, str]) -> bytes:
    if ref.name not in environment:
        raise _denied(ref, "没有这个环境变量：请先设置", "there is no such environment variable: set it first")
    return os.fsencode(environment[ref.name])


def _from_file(ref: SecretRef) -> bytes:
    if not Path(ref.name).is_absolute():
        raise _denied(ref, "文件名不是绝对路径", "the file name is not a full path")
    try:
        with open(ref.name, "rb", opener=_without_waiting) as file:
            _refuse_open_doors(ref, os.fstat(file.fileno()).st_mode)
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "no reason given"
        raise _denied(ref, f"不能读取：{reason}", f"cannot be read: {reason}") from None


def _without_waiting(name: str, flags: int) -> int:
    """Opens without blocking, so that a pipe in the file's place is refused and not waited for."""
    return os.open(name, flags | os.O_NONBLOCK)


def _refuse_open_doors(ref: SecretRef, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _denied(ref, "不是普通文件", "it is not a plain file")
    if mode & _OTHERS:
        zh, en = "本机所有用户都能读写：请 chmod 600", "every user of this machine may read or write it: chmod 600 it"
        raise _denied(ref, zh, en)


def _text(ref: SecretRef, raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _denied(ref, f"大于 {MAX_BYTES} 字节", f"it is larger than {MAX_BYTES} bytes")
    cut = raw.removesuffix(b"\n").removesuffix(b"\r") if raw.endswith(b"\n") else raw
    if not cut:
        raise _denied(ref, "是空的", "it is empty")
    text = _decoded(cut)
    if text is None:
        raise _denied(ref, "不是 UTF-8", "it is not UTF-8")
    return text


def _decoded(raw: bytes) -> str | None:
    """Answers None instead of letting the error out: a decoding error carries the bytes."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _denied(ref: SecretRef, zh: str, en: str) -> Denied:
    return Denied(Text(f"密钥引用 {ref} 不可用：{zh}", f"The secret {ref} cannot be used: {en}"), reference=str(ref))
