"""Readers of single values: text, names, choices, numbers, addresses, files and secret references."""

import re
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from domain.secret import SecretRef
from inventory.spot import Reader, Spot, shown

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LABELS: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_HOST_HEADER: Final = re.compile(r"([A-Za-z0-9._-]+(:[0-9]{1,5})?)?")
_WEB_PATH: Final = re.compile(r"/[!-~]*")
_WINDOWS_FILE: Final = re.compile(r'([A-Za-z]:\\|\\\\[^\\/:*?"<>|]+\\)[^/:*?"<>|]+')
_FOLDER_THERE: Final = re.compile(
    r"""[A-Za-z]:(\\[^\\/:*?"'<>|\x00-\x1f]+)+|\\(\\[^\\/:*?"'<>|\x00-\x1f]+){2,}|(/[^/\\"'*?\x00-\x1f]+)+"""
)
_REFERENCE: Final = re.compile(r"env:(?P<env>[A-Za-z_][A-Za-z0-9_]{0,127})|file:(?P<file>[^\x00-\x1f]{1,1024})")


def text(longest: int = 100) -> Reader:
    """One line of printable text, 1 to `longest` characters."""

    def read(spot: Spot, value: object) -> object:
        if not isinstance(value, str):
            return spot.mistyped(value, "文本", "text")
        if value.strip() and value.isprintable() and len(value) <= longest:
            return value
        zh, en = f"应为一行文本，1 到 {longest} 个字符", f"must be one line of text, 1 to {longest} characters"
        return spot.wrong(zh, en)

    return read


def matching(pattern: re.Pattern[str], longest: int, zh: str, en: str) -> Reader:
    """Text that the whole of `pattern` fits; `zh` and `en` describe it."""

    def read(spot: Spot, value: object) -> object:
        if not isinstance(value, str):
            return spot.mistyped(value, zh, en)
        if len(value) <= longest and pattern.fullmatch(value):
            return value
        return spot.wrong(f"{shown(value)} 不对：应为{zh}", f"{shown(value)} is not right: must be {en}")

    return read


# No hyphen at either end (a name is typed after commands) and no two in a row (Ansible's group names join with __).
name: Final = matching(
    _NAME,
    40,
    "1 到 40 个小写字母、数字和单个连字符",
    "1 to 40 lower-case letters, digits and single hyphens between them",
)
web_path: Final = matching(_WEB_PATH, 2048, "以 / 开头的路径", "a path that starts with /")
host_header: Final = matching(_HOST_HEADER, 253, "主机名", "a host name")
windows_file: Final = matching(
    _WINDOWS_FILE, 250, r"Windows 绝对路径，如 C:\lb\ok.txt", r"a full Windows path like C:\lb\ok.txt"
)
folder_there: Final = matching(
    _FOLDER_THERE,
    200,
    r"数据库服务器上的文件夹完整路径，末尾不带斜杠，如 D:\Exchange",
    r"a full path of a folder on the database server without a slash at its end, like D:\Exchange",
)


def one_of(*words: str) -> Reader:
    """One of these words."""
    listed = ", ".join(words)

    def read(spot: Spot, value: object) -> object:
        if isinstance(value, str) and value in words:
            return value
        if not isinstance(value, str):
            return spot.mistyped(value, f"以下之一：{listed}", f"one of {listed}")
        return spot.wrong(f"{shown(value)} 不是以下之一：{listed}", f"{shown(value)} is not one of {listed}")

    return read


def member(kind: type[StrEnum]) -> Reader:
    """A member of an enumeration, written as its value."""
    word = one_of(*kind)

    def read(spot: Spot, value: object) -> object:
        found = word(spot, value)
        return kind(found) if isinstance(found, str) else found

    return read


def whole(least: int, most: int) -> Reader:
    """A whole number from `least` to `most`."""
    zh, en = f"{least} 到 {most} 的整数", f"a whole number from {least} to {most}"

    def read(spot: Spot, value: object) -> object:
        if not isinstance(value, int) or isinstance(value, bool):
            return spot.mistyped(value, zh, en)
        if least <= value <= most:
            return value
        return spot.wrong(f"{value} 不在 {least} 到 {most} 之间", f"{value} is not between {least} and {most}")

    return read


def exactly(number: int) -> Reader:
    """This number and no other."""

    def read(spot: Spot, value: object) -> object:
        if value == number and type(value) is int:
            return number
        return spot.wrong(f"应为 {number}", f"must be {number}")

    return read


def flag(spot: Spot, value: object) -> object:
    """`true` or `false`."""
    return value if isinstance(value, bool) else spot.mistyped(value, "true 或 false", "true or false")


def address(spot: Spot, value: object) -> object:
    """An IP address or a host name."""
    if not isinstance(value, str):
        return spot.mistyped(value, "IP 地址或主机名", "an IP address or a host name")
    if _is_ip(value) or (len(value) <= 253 and _LABELS.fullmatch(value) and re.search("[A-Za-z]", value)):
        return value
    return spot.wrong(
        f"{shown(value)} 不是 IP 地址或主机名", f"{shown(value)} is neither an IP address nor a host name"
    )


def _is_ip(value: str) -> bool:
    try:
        return bool(ip_address(value))
    except ValueError:
        return False


def file_name(spot: Spot, value: object) -> object:
    """A file on this machine, relative to the estate file. Answers the full path."""
    if not isinstance(value, str):
        return spot.mistyped(value, "文件名", "a file name")
    if value and value.isprintable() and len(value) <= 1024:
        return str(spot.folder / value)
    return spot.wrong("应为文件名，1 到 1024 个字符", "must be a file name, 1 to 1024 characters")


def secret(spot: Spot, value: object) -> object:
    """A reference to a secret. What stands there instead is not repeated: it may be the secret itself."""
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        zh = "应为密钥引用 env:NAME 或 file:PATH；密码本身不能写在这个文件里"
        return spot.wrong(
            zh, "must be a reference, env:NAME or file:PATH; a secret itself does not belong here", "secret"
        )
    if found["env"]:
        return SecretRef("env", found["env"])
    return SecretRef("file", str(spot.folder / found["file"]))
