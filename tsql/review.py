"""Read a tenant's script before it is accepted: what is forbidden, what is risky, what deserves a word.

The rules give good messages and catch accidents. What holds a tenant in is its login, which reaches one database only:
no list of words can see into dynamic SQL (research: peers-sqlserver, section 0, point 10).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge
from itertools import islice, pairwise
from typing import Final

from domain.text import Text
from tsql.batches import Batch
from tsql.names import foreign_names
from tsql.statements import bare_changes
from tsql.words import Word, words


class Weight(StrEnum):
    """FORBIDDEN refuses the script; RISKY needs an explicit yes; NOTE is only said."""

    FORBIDDEN = "forbidden"
    RISKY = "risky"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing a reviewer must see, on script line `line` (from 1)."""

    line: int
    weight: Weight
    code: str
    text: Text


Say = tuple[int, Weight, str, Text]

MOST_WORDS: Final = 1_000_000  # of one batch, which are held while it is read: some 150 MB
MOST_SHOWN: Final = 200  # characters of a name in a finding

# Keywords side by side; a phrase of one word forbids it wherever it is not quoted.
FORBIDDEN: Final[dict[str, tuple[str, ...]]] = {
    "database": ("create database", "alter database", "drop database"),
    "server": ("shutdown", "reconfigure", "sp_configure", "kill", "alter server", "alter endpoint", "create endpoint"),
    "backup": ("backup database", "backup log", "restore database", "restore log", "restore filelistonly",
               "restore headeronly", "restore verifyonly", "restore labelonly", "backup certificate"),
    "accounts": ("create login", "alter login", "drop login", "create user", "alter user", "drop user", "create role",
                 "alter role", "drop role", "grant", "revoke", "deny", "alter authorization", "create credential",
                 "execute as", "exec as", "revert", "setuser"),
    "assembly": ("create assembly", "alter assembly"),
    "trigger": ("on database", "on all server"),  # of CREATE, ALTER, DISABLE TRIGGER: it fires for us as well
    "outside": ("bulk insert", "openrowset", "openquery", "opendatasource"),
}  # fmt: skip
FORBIDDEN_PROCEDURES: Final = (
    "xp_", "sp_oa", "sp_addlogin", "sp_droplogin", "sp_addsrvrole", "sp_dropsrvrole", "sp_addrole", "sp_droprole",
    "sp_adduser", "sp_dropuser", "sp_grant", "sp_revoke", "sp_password", "sp_addlinked", "sp_serveroption", "sp_attach",
    "sp_detach", "sp_renamedb", "sp_dboption", "sp_changedbowner", "sp_add_job", "sp_start_job", "sp_send_dbmail",
)  # fmt: skip
WHY: Final[dict[str, Text]] = {
    "database": Text("不能建立、修改或删除数据库", "databases cannot be created, altered or dropped"),
    "server": Text("不能更改或停止服务器", "the server cannot be changed or stopped"),
    "backup": Text("备份与恢复请用平台的操作", "use the platform's own backup and restore"),
    "accounts": Text("不能更改登录、用户、角色或权限", "logins, users, roles and rights cannot be changed"),
    "assembly": Text("不能装入程序集", "assemblies cannot be loaded"),
    "trigger": Text("不能更改数据库级触发器", "triggers of the whole database cannot be changed"),
    "outside": Text("不能访问数据库以外的数据", "data outside the database cannot be reached"),
    "procedure": Text("不能调用服务器级过程", "procedures of the server cannot be called"),
    "other-database": Text("只能访问本数据中心", "only this data center's database can be reached"),
}


def review(batches: Iterable[Batch], database: str) -> Iterator[Finding]:
    """Everything that the rules find, in the script's order. `database` is the one the script is meant for.

    Time is linear in the script, whatever is in it; memory follows the longest batch, which has at most MOST_WORDS.
    """
    for batch in batches:
        for line, weight, code, text in _found(batch.text, database):
            yield Finding(line=batch.line + line - 1, weight=weight, code=code, text=text)


def _found(batch: str, database: str) -> Iterable[Say]:
    said = list(islice(words(batch), MOST_WORDS + 1))
    if len(said) > MOST_WORDS:
        return [_too_long()]
    return merge(_other_databases(said, database), *(rule(said) for rule in RULES), key=lambda say: say[0])


def _forbidden_phrases(said: Sequence[Word]) -> Iterator[Say]:
    for at, word in enumerate(said):
        for code, phrase in _PHRASES.get(word.text, ()) if word.of(word.text) else ():
            follows = said[at + 1 : at + len(phrase)]
            if len(follows) == len(phrase) - 1 and all(w.of(p) for w, p in zip(follows, phrase[1:], strict=True)):
                yield _no(word.line, code, " ".join(phrase).upper())


def _forbidden_procedures(said: Sequence[Word]) -> Iterator[Say]:
    for word in said:
        if word.names and word.text.lower().startswith(FORBIDDEN_PROCEDURES):
            yield _no(word.line, "procedure", word.text)


def _other_databases(said: Sequence[Word], database: str) -> Iterator[Say]:
    for line, name in foreign_names(said, database):
        yield _no(line, "other-database", name)


def _changes_without_where(said: Sequence[Word]) -> Iterator[Say]:
    for line, verb in bare_changes(said):
        text = Text(f"{verb.upper()} 没有 WHERE，会影响所有行", f"{verb.upper()} without WHERE changes every row")
        yield line, Weight.RISKY, f"{verb}-without-where", text


def _losses(said: Sequence[Word]) -> Iterator[Say]:
    for at, (first, second) in enumerate(pairwise(said)):
        if first.of("drop", "truncate") and second.of("table") and not _temporary(said[at + 2 : at + 5]):
            what = f"{first.text} table"
            text = Text(f"{what.upper()} 会丢失整张表的数据", f"{what.upper()} loses the data of a whole table")
            yield first.line, Weight.RISKY, what.replace(" ", "-"), text


def _temporary(follows: Sequence[Word]) -> bool:
    named = [w for w in follows if not w.of("if", "exists")]
    return bool(named) and named[0].text.startswith("#")


def _silencers(said: Sequence[Word]) -> Iterator[Say]:
    for first, option, switch in zip(said, said[1:], said[2:], strict=False):
        if first.of("set") and option.of("noexec", "parseonly", "fmtonly") and switch.of("on"):
            name = option.text.upper()
            zh = f"SET {name} ON 之后的语句不会执行，结果不会显示为成功"
            en = f"After SET {name} ON nothing is executed: what follows will not be shown as done"
            yield first.line, Weight.NOTE, option.text, Text(zh, en)


RULES: Final[tuple[Callable[[Sequence[Word]], Iterator[Say]], ...]] = (
    _forbidden_phrases,
    _forbidden_procedures,
    _changes_without_where,
    _losses,
    _silencers,
)


def _by_first_word() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for code, phrases in FORBIDDEN.items():
        for phrase in phrases:
            first, *others = phrase.split()
            found.setdefault(first, []).append((code, (first, *others)))
    return found


_PHRASES: Final = _by_first_word()


def _no(line: int, code: str, what: str) -> Say:
    why, what = WHY[code], what if len(what) <= MOST_SHOWN else f"{what[:MOST_SHOWN]}…"
    return line, Weight.FORBIDDEN, code, Text(f"不允许 {what}：{why.zh}", f"{what} is not allowed: {why.en}")


def _too_long() -> Say:
    zh = f"这一批超过 {MOST_WORDS} 个词，无法检查；请用 GO 分成多批"
    en = f"This batch has more than {MOST_WORDS} words, too many to review: split it with GO"
    return 1, Weight.FORBIDDEN, "too-many-words", Text(zh, en)
