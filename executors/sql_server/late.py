"""The verbs of scripts, loaded when the first one runs: their driver is large, and many a worker runs no script."""

from domain.command import Call
from executors.sql_server.server import Arguments, Facts, Server


def run_script(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Run a tenant's script once, batch after batch. Facts: how many of each colour, and the first error."""
    from executors.sql_server import script

    return script.run_script(server, arguments, call)


def look_at_script(server: Server, arguments: Arguments, call: Call) -> Facts:
    """What is known of a script's attempt: its marker, whether its session lives, and the ledger's rows."""
    from executors.sql_server import script

    return script.look_at_script(server, arguments, call)
