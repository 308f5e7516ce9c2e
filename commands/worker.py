"""`yunwei worker`: run one; look at them, pause and resume them."""

import logging
from typing import TYPE_CHECKING, Any

import click

from commands.exits import DONE, FAILED
from commands.lazy import Group, Leaf
from commands.moments import shown
from commands.serving import told_to_stop
from commands.session import Session, with_session
from domain.text import Text

if TYPE_CHECKING:
    from runner.worker import Worker


@click.group("worker", cls=Group, invoke_without_command=True, help="Run a worker; look at, pause and resume workers.")
@click.pass_context
def command(ctx: click.Context) -> int:
    return DONE if ctx.invoked_subcommand else int(ctx.invoke(run))


@command.command(cls=Leaf)
@with_session
def run(session: Session, /) -> int:
    """Run a worker until SIGTERM or SIGINT: then running jobs end, or are handed over between two steps."""
    from wiring import make_worker

    session.listen(logging.WARNING)
    stop = told_to_stop()
    worker = make_worker(session.product)
    worker.start()
    session.screen.data({"worker": worker.id})
    session.screen.say(f"执行者 {worker.id} 已启动", f"Worker {worker.id} is up")
    stop.wait()
    return end_worker(session, worker)


@command.command("list", cls=Leaf)
@with_session
def list_(session: Session, /) -> int:
    """Workers that have not said goodbye. In a pipe: id, host, pid, slots, last beat, paused."""
    from intake.workers import workers

    found = [{**w} for w in workers(session.desk)]
    session.screen.data({"items": found})
    heads = (
        "id",
        Text("主机", "host"),
        "pid",
        Text("并发", "slots"),
        Text("心跳", "last beat"),
        Text("暂停", "paused"),
    )
    session.screen.table(heads, [_row(w) for w in found])
    return DONE


@command.command(cls=Leaf)
@click.argument("worker_id", metavar="ID|all")
@with_session
def pause(session: Session, /, worker_id: str) -> int:
    """Claim nothing new from the next beat on; what runs, runs on."""
    return _pause(session, worker_id, paused=True)


@command.command(cls=Leaf)
@click.argument("worker_id", metavar="ID|all")
@with_session
def resume(session: Session, /, worker_id: str) -> int:
    """Claim again."""
    return _pause(session, worker_id, paused=False)


def end_worker(session: Session, worker: "Worker") -> int:
    """Stop gracefully; answers FAILED, and says which, if jobs are left to their leases."""
    left = worker.stop(session.settings.grace_s)
    if not left:
        session.screen.say("执行者已停止", "The worker has stopped")
        return DONE
    numbers = ", ".join(map(str, left))
    session.screen.say(
        f"宽限期已过，作业 {numbers} 将在租约到期后由别的执行者核实",
        f"The grace is over: job {numbers} is left to its lease; another worker will look at the target and decide",
    )
    return FAILED


def _pause(session: Session, worker_id: str, *, paused: bool) -> int:
    from intake.workers import pause as change

    count = change(session.desk, session.by, worker_id, paused=paused)
    session.screen.data({"worker": worker_id, "paused": paused, "count": count})
    zh, en = ("暂停", "paused") if paused else ("恢复", "resumed")
    session.screen.say(f"已{zh} {count} 个执行者", f"{count} workers are {en}")
    return DONE


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    return (row["id"], row["host"], row["pid"], row["slots"], shown(row["beat_at"], None), row["paused"])
