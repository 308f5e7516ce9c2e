"""Errors, sorted by what the reader can do about them.

The message says what, on which thing, why, and what to do next, in both languages.
"""

from dataclasses import dataclass, field

from domain.text import Text


class Trouble(Exception):
    """The root of our errors. `code` is stable; `facts` go into events and problem documents."""

    code = "trouble"
    title = Text("出错了", "Something went wrong")

    def __init__(self, text: Text, **facts: object) -> None:
        super().__init__(text.en)
        self.text = text
        self.facts = facts


@dataclass(frozen=True)
class Fault:
    """One mistake in a request or a file: `path` points at it (`params.mode`, `tenants[0].zone`)."""

    path: str
    text: Text
    code: str = "invalid"
    facts: dict[str, object] = field(default_factory=dict)


class Mistake(Trouble):
    """Fix what was sent: it lists every fault at once."""

    code = "mistake"
    title = Text("请求有误", "The request has mistakes")

    def __init__(self, text: Text, faults: tuple[Fault, ...] = (), **facts: object) -> None:
        super().__init__(text, **facts)
        self.faults = faults


class NotFound(Mistake):
    """There is no such thing, or it is not yours to see."""

    code = "not-found"
    title = Text("未找到", "Not found")


class Gone(NotFound):
    """An upload that is over and was not taken: its record says why."""

    code = "gone"
    title = Text("已不存在", "Gone")


class Conflict(Mistake):
    """The thing has changed since you read it, or is no longer in a state that allows this."""

    code = "conflict"
    title = Text("状态冲突", "Conflict")


class Unreachable(Trouble):
    """Nothing was sent: try again, or look at the network."""

    code = "unreachable"
    title = Text("无法连接", "Unreachable")


class TimedOut(Trouble):
    """Our own wall clock ran out; the work was stopped and that was verified, or `Severed` is raised instead."""

    code = "timed-out"
    title = Text("超时", "Timed out")


class Denied(Trouble):
    """Get rights: the target, or we, do not let this user do this."""

    code = "denied"
    title = Text("没有权限", "Denied")


class Broke(Trouble):
    """Look at the target: it answered, and the answer was a failure."""

    code = "broke"
    title = Text("目标出错", "The target failed")


class Severed(Trouble):
    """The wire broke after the command was sent: what it did is unknown until somebody looks."""

    code = "severed"
    title = Text("连接中断，结果未知", "The connection broke; the outcome is unknown")


class Stopped(Trouble):
    """The work was stopped on request and verified gone."""

    code = "stopped"
    title = Text("已停止", "Stopped")


class Overtaken(Trouble):
    """Another worker holds this job now: stop, write nothing."""

    code = "overtaken"
    title = Text("作业已被接管", "Overtaken")


class StoreDown(Unreachable):
    """Our own database cannot be used. A write whose answer was lost may or may not be done: look before a retry."""

    code = "store-down"
    title = Text("数据库不可用", "The store is down")
