"""`yunwei audit …`: is the history whole?"""

from dataclasses import asdict

from commands.exits import DONE, FAILED
from commands.lazy import Group, Leaf
from commands.session import Session, with_session

command = Group("audit", help="Verify that no event was changed or lost.")


@command.command(cls=Leaf)
@with_session
def verify(session: Session, /) -> int:
    """Walk the whole chain of events. Exit code 1, and where it breaks, if one was changed or lost."""
    from intake.read import verify_audit

    verdict = verify_audit(session.desk)
    session.screen.data(asdict(verdict))
    if verdict.broken_at is None:
        session.screen.say(
            f"审计链完整：{verdict.events} 个事件，末尾 {verdict.head}",
            f"The audit chain is whole: {verdict.events} events, its end is {verdict.head}",
        )
        return DONE
    session.screen.say(
        f"审计链在事件 {verdict.broken_at} 处断裂：{verdict.why}",
        f"The audit chain breaks at event {verdict.broken_at}: {verdict.why}",
    )
    return FAILED
