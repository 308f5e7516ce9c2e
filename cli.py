"""The `yunwei` command: parse, call the intake, print. What a command needs is imported when it is called."""

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Final

from commands.lazy import Given, Lazy, LazyGroup, group_params

COMMANDS: Final[dict[str, Lazy]] = {
    "request": Lazy("commands.request", "Ask, look, change, follow: everything about requests."),
    "operation": Lazy("commands.operation", "What can be done."),
    "place": Lazy("commands.place", "Where it can be done."),
    "data-center": Lazy("commands.data_center", "How data centers are, and what can be done with one now."),
    "script": Lazy("commands.script", "Scripts for SQL updates: hand one in, see what the review says."),
    "letter": Lazy("commands.letter", "Letters of authorization: ask, hand in the scan, review, revoke."),
    "artifact": Lazy("commands.artifact", "Backups, uploads and packages: list, upload, download, delete, link."),
    "usage": Lazy("commands.usage", "A tenant's traffic and storage: total, used, available, day by day."),
    "user": Lazy("commands.user", "Accounts and their roles."),
    "token": Lazy("commands.token", "Tokens of the HTTP API."),
    "message": Lazy("commands.message", "What was sent to whom; send it once more."),
    "worker": Lazy("commands.worker", "Run a worker; look at, pause and resume workers."),
    "portal": Lazy("commands.portal", "Serve the HTTP API."),
    "up": Lazy("commands.up", "Portal and worker in one process tree."),
    "events": Lazy("commands.events", "The feed of all events."),
    "audit": Lazy("commands.audit", "Verify that no event was changed or lost."),
    "estate": Lazy("commands.estate", "Check the estate file; write it for Ansible."),
    "lab": Lazy("commands.lab", "A pretend estate that speaks the real protocols."),
    "demo": Lazy("commands.demo", "See it all work: lab, portal, worker, a restart and its proof."),
    "completion": Lazy("commands.completion", "Print the completion script of a shell."),
}

yunwei = LazyGroup(
    name="yunwei",
    lazy=COMMANDS,
    params=group_params(),
    help="""Self-service operations for hosted ERP estates: ask, decide, do it once, see what happened.

    Exit codes: 0 done, 1 failed, 2 usage or a mistake in what was sent, 3 refused by a policy, 4 not found,
    5 unreachable or timed out.
    """,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def main(arguments: Sequence[str] | None = None, given: Given | None = None) -> int:
    """Run one command; answers the exit code."""
    given = given or Given()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no Chinese still gets its answer
    try:
        code = yunwei.main(args=arguments, prog_name="yunwei", standalone_mode=False, obj=given)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough
        return _silenced()
    except (Exception, KeyboardInterrupt) as error:
        from commands.exits import report

        return report(error, given)
    return code if isinstance(code, int) else 0


def _silenced() -> int:
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
