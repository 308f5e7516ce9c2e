"""The page of the errors: what each means, how the API and the command line answer it."""

from commands import exits
from docs.drawing.markdown import code, paragraph, prose, section, table
from domain import artifact, decision, errors
from domain.errors import Trouble
from executors import winrm_trouble
from portal import problems

_HOMES = (errors, decision, artifact, problems)


def page() -> str:
    """docs/errors.md."""
    heads = ("code", "中文", "English", "what it means", "HTTP", "exit code")
    return "".join(
        (
            "# Errors\n\n",
            prose(errors),
            paragraph(
                "The API answers an error as a problem document (RFC 9457) whose `code` is the one below. The command "
                "line answers it on standard error, or with `--json` as one object on standard output, and with the "
                "exit code below. `Overtaken`, `Severed` and `Stopped` are between workers and executors: people meet "
                "them in the events of a job."
            ),
            section("By code", table(heads, [_row(kind) for kind in _kinds()])),
            section("Exit codes", table(("exit code", "meaning"), _exits())),
            section("On the WinRM wire", paragraph(_WIRE), table(("cause", "error", "中文", "English"), _wire())),
        )
    )


_WIRE = (
    "When nothing was sent to the host, the error's facts name the cause; one that is not below is `unreachable` too. "
    "A connection that breaks after the command was sent is `severed`, whatever the cause: then the marker on the host "
    "decides, and nothing is sent again."
)


def _kinds() -> list[type[Trouble]]:
    """Our errors, the root first, in the order of their source."""
    found = [k for home in _HOMES for k in vars(home).values() if isinstance(k, type) and issubclass(k, Trouble)]
    homes = {home.__name__ for home in _HOMES}
    return [k for k in dict.fromkeys(found) if k.__module__ in homes]


def _row(kind: type[Trouble]) -> tuple[object, ...]:
    status = next(problems.STATUS[k] for k in kind.__mro__ if k in problems.STATUS)
    return (code(kind.code), kind.title.zh, kind.title.en, " ".join((kind.__doc__ or "").split()), status, _exit(kind))


def _exit(kind: type[Trouble]) -> int:
    return next((number for known, number in exits.CODES if issubclass(kind, known)), exits.FAILED)


def _exits() -> list[tuple[object, ...]]:
    names: dict[int, list[str]] = {exits.DONE: ["done"], exits.FAILED: ["failed, or an error that is not below"]}
    for kind, number in exits.CODES:
        names.setdefault(number, []).append(kind.__name__)
    return [(number, ", ".join(names[number])) for number in sorted(names)]


def _wire() -> list[tuple[object, ...]]:
    advice = winrm_trouble._ADVICE  # noqa: SLF001  the page is drawn from the table itself
    return [(code(cause), code(error.code), zh, en) for cause, (error, zh, en) in advice.items()]
