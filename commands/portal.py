"""`yunwei portal`: serve the HTTP API."""

import logging

import click

from commands.exits import DONE
from commands.lazy import Leaf
from commands.serving import told_to_stop
from commands.session import Session, with_session


@click.command("portal", cls=Leaf)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: any free one.")
@with_session
def command(session: Session, /, host: str, port: int) -> int:
    """Serve the HTTP API until SIGTERM or SIGINT."""
    from portal.serve import serve
    from wiring import make_portal

    session.listen(logging.WARNING)
    stop = told_to_stop()
    server = serve(make_portal(session.product), host, port)
    url = f"http://{host}:{server.port}"
    session.screen.data({"portal": url})
    session.screen.say(f"门户 {url}", f"The portal is at {url}")
    stop.wait()
    server.stop()
    return DONE
