"""The operations that are measured. They do nothing but leave a stamp: the moment a worker did the work."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

from bench.stamps import stamp
from domain.command import Pause, Reading
from domain.operation import Judgement, Lock, Operation, Outcome, Step, Target, Traits
from domain.places import Place
from domain.text import Text

_TAKES: Final = timedelta(seconds=1)
_TITLE: Final = Text("空操作", "No-op")
_DONE: Final = Judgement(outcome=Outcome.DONE, text=Text("完成", "done"))


@dataclass(frozen=True, kw_only=True)
class Noop(Operation):
    """Does nothing, and has its place alone while it does."""

    name: ClassVar[str] = "noop"
    title: ClassVar[Text] = _TITLE
    traits: ClassVar[Traits] = Traits(target=Target.DATA_CENTER, takes=_TAKES, quota_class="bench")

    mark: int = 0

    def plan(self, place: Place) -> Iterator[Step]:
        yield Step(key="nothing", title=_TITLE, do=Pause(), timeout_s=5.0)

    def judge(self, step: Step, reading: Reading) -> Judgement:
        stamp(self.mark)
        return _DONE


@dataclass(frozen=True, kw_only=True)
class FreeNoop(Noop):
    """Does nothing, and takes no lock for it."""

    name: ClassVar[str] = "noop-free"
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER, takes=_TAKES, quota_class="bench", lock=Lock.NONE, interrupts_users=False
    )


@dataclass(frozen=True, kw_only=True)
class Linger(Operation):
    """A destructive step that outlives its worker; a look at the target then says that it took effect."""

    name: ClassVar[str] = "linger"
    title: ClassVar[Text] = Text("久留", "Linger")
    traits: ClassVar[Traits] = Traits(target=Target.DATA_CENTER, takes=_TAKES)

    mark: int = 0

    def plan(self, place: Place) -> Iterator[Step]:
        yield Step(key="begin", title=self.title, do=Pause(), timeout_s=5.0)
        yield Step(key="stay", title=self.title, do=Pause(seconds=600), look=Pause(), timeout_s=700.0, destructive=True)

    def judge(self, step: Step, reading: Reading) -> Judgement:
        stamp(self.mark)
        return _DONE

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        return _DONE


OPERATIONS: Final[tuple[type[Operation], ...]] = (Noop, FreeNoop, Linger)
