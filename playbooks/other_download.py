"""Other downloads: what no operation hands out is asked for in words, and done by the provider's people."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from domain.command import Pause, Reading
from domain.operation import Judgement, Lock, Misfire, Operation, Outcome, Step, Target, Traits
from domain.places import Place
from domain.request import Role
from domain.text import Text

STATE = Text("服务商处理中", "with the provider")


@dataclass(frozen=True, kw_only=True)
class OtherDownload(Operation):
    """Ask the provider for a download of another kind.

    Nothing is done by a program: the request shows up among those that need a person, who does it by hand and says
    `done` or `failed` with an opinion. The requester gets that opinion by mail.
    """

    name: ClassVar[str] = "other-download"
    title: ClassVar[Text] = Text("其他下载需求", "Other download")
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(hours=4),
        roles=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR}),
        interrupts_users=False,
        lock=Lock.NONE,
        grace=timedelta(days=1),
        misfire=Misfire.ASK,
        words={
            "needs-attention": STATE,
            "succeeded": Text("已处理", "done by the provider"),
            "failed": Text("未能处理", "not done"),
        },
    )
    notes: ClassVar[dict[str, Text]] = {
        "need": Text("需要下载什么、用于何处", "What is to be downloaded, and what for"),
    }
    example: ClassVar[dict[str, Any]] = {"need": "2025 年度附件目录，用于审计"}

    need: str = field(metadata={"max_length": 2000, "pattern": r"[\s\S]*\S[\s\S]*"})

    def plan(self, place: Place) -> Iterator[Step]:
        title = Text("由服务商运维人员办理", "Done by the provider's people")
        yield Step(key="by-hand", title=title, do=Pause(), timeout_s=60.0)

    def judge(self, step: Step, reading: Reading) -> Judgement:
        text = Text(
            "已转交服务商运维人员；办理后请选择 done 或 failed，并填写处理意见",
            "Handed to the provider's people. Whoever has done it resolves it as done or failed, with an opinion.",
        )
        return Judgement(outcome=Outcome.BY_HAND, text=text)
