"""`yunwei up`: portal and worker in one process tree."""

import logging

import click

from commands.lazy import Leaf
from commands.serving import told_to_stop
from commands.session import Session, with_session
from commands.worker import end_worker


@click.command("up", cls=Leaf)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: any free one.")
@click.option("--with-parent", is_flag=True, hidden=True, help="Stop when standard input is closed.")
@with_session
def command(session: Session, /, host: str, port: int, with_parent: bool) -> int:
    """Portal and worker together, until SIGTERM or SIGINT: the portal closes first, then the worker ends its jobs."""
    from portal.serve import serve
    from wiring import make_portal, make_worker

    session.listen(logging.WARNING)
    stop = told_to_stop(with_parent=with_parent)
    server = serve(make_portal(session.product), host, port)
    worker = make_worker(session.product)
    worker.start()
    url = f"http://{host}:{server.port}"
    session.screen.data({"portal": url, "worker": worker.id})
    session.screen.say(f"门户 {url}，执行者 {worker.id}", f"The portal is at {url}, the worker is {worker.id}")
    stop.wait()
    server.stop()
    return end_worker(session, worker)
