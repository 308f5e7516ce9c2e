"""What a database server's refusals mean to us: one table, by error number. Texts of the server are kept, in order."""

from collections.abc import Sequence
from typing import Any, Final

from domain.errors import Broke, Denied, Severed, Trouble, Unreachable
from domain.text import Text

NO_ANSWER: Final = frozenset({20002, 20009, 20013, 20014, 20015})  # FreeTDS: no connection came about
BROKEN: Final = frozenset({20003, 20004, 20006, 20017, 20018, 20047, 0})  # FreeTDS: the connection broke
NOT_READY: Final = frozenset({6005, 17142, 17187, 18401, 18451, 18461})  # starting, stopping, paused, one at a time
KILLED: Final = frozenset({596, 6005, 233, 10054})
_NO_RIGHT: Final = frozenset(
    {229, 230, 262, 297, 300, 916, 3110, 4060, 5011, 6102, 15151, 15247, 18451, 18452, 18456, 18486, 18487, 18488}
)
_NEXT: Final[dict[int, Text]] = {
    112: Text("磁盘已满：清理空间后重试", "the disk is full: free some space, then retry"),
    1105: Text("文件组已满：扩容后重试", "the filegroup is full: enlarge it, then retry"),
    1205: Text("被选为死锁牺牲品：可以重试", "it was a deadlock's victim: it may be tried again"),
    1222: Text("等待锁超时：稍后重试", "a lock was not given in time: try again later"),
    3021: Text("不能在事务内执行", "it cannot run in a transaction"),
    3023: Text("该数据库正在备份：稍后重试", "the database is being backed up: try again later"),
    3101: Text("数据库仍有连接", "somebody is connected to the database"),
    3201: Text("服务器打不开该文件：检查目录与服务账号权限", "it cannot open the file: check folder and rights"),
    3202: Text("写入失败：检查磁盘空间", "writing failed: check the disk's space"),
    3203: Text("读取失败：文件可能不完整", "reading failed: the file may be incomplete"),
    3241: Text("文件不是有效的备份", "the file is no valid backup"),
    3169: Text("备份来自更新版本的 SQL Server", "the backup is of a newer SQL Server"),
    911: Text("没有这个数据库", "there is no such database"),
}  # fmt: skip


def at_login(host: str, number: int, texts: Sequence[str]) -> Trouble:
    """Nobody was let in, so nothing was sent: the facts say `started` False."""
    said = _joined(texts) or str(number)
    facts: dict[str, Any] = {"host": host, "number": number, "said": list(texts), "started": False}
    if number in NO_ANSWER | BROKEN | NOT_READY:
        zh, en = f"连接不上数据库服务器 {host}：{said}", f"The database server {host} cannot be reached: {said}"
        return Unreachable(Text(zh, en), **facts)
    zh = f"数据库服务器 {host} 拒绝登录（{number}）：{said}；请检查登录名、密码与权限"
    en = f"The database server {host} refused the login ({number}): {said}. Check the login, its password and rights."
    return Denied(Text(zh, en), **facts)


def of_statement(host: str, what: str, number: int, texts: Sequence[str]) -> Trouble:
    """A statement was answered with an error, or the wire broke while it ran (Severed)."""
    said = _joined(texts) or str(number)
    facts: dict[str, Any] = {"host": host, "statement": what, "number": number, "said": list(texts)}
    if number in BROKEN or number in KILLED:
        return severed(host, what, said, number=number, said=list(texts))
    if number in _NO_RIGHT:
        zh, en = f"{host}：没有权限执行 {what}：{said}", f"{host}: no right to {what}: {said}"
        return Denied(Text(zh, en), **facts)
    then = _advice(number, texts)
    zh = f"{host}：{what} 出错（{number}）：{said}{'；' + then.zh if then else ''}"
    en = f"{host}: {what} failed ({number}): {said}{'; ' + then.en if then else ''}"
    return Broke(Text(zh, en), **facts)


def severed(host: str, what: str, why: str, **facts: Any) -> Severed:
    """The wire broke after `what` was sent."""
    zh = f"{host}：执行 {what} 时连接中断：{why}；结果未知，须向服务器核实"
    en = f"{host}: the connection broke during {what}: {why}; what it did is unknown until the server is asked"
    return Severed(Text(zh, en), host=host, statement=what, **facts)


def _advice(number: int, texts: Sequence[str]) -> Text | None:
    """The operating system's error 112 hides in the text of 3202 and 3201."""
    if number in (3201, 3202) and any("112(" in t for t in texts):
        return _NEXT[112]
    return _NEXT.get(number)


def _joined(texts: Sequence[str]) -> str:
    return " / ".join(" ".join(t.split()) for t in texts)[:1500]
