"""cmd.exe: runs a chain of allowed commands, with redirections. What it does not know it refuses, as Windows would."""

import ntpath
from collections.abc import Callable

from lab.host import appcmd, file_programs, service_programs, system_programs
from lab.host.cmd_line import Command, NotUnderstood, Redirect, expand, parse, strip_outer_quotes
from lab.host.powershell import powershell
from lab.host.session import Session
from lab.host.texts import say

Program = Callable[[Session, list[str]], int]
NOT_FOUND = 9009  # what cmd itself calls a missing program; `cmd /c` then ends with 1
SYSTEM32 = "c:\\windows\\system32"

# Programs with the folder they lie in; only those in system32 are found without it (appcmd is not on the PATH).
PROGRAMS: dict[str, tuple[str, Program]] = {
    "iisreset": (SYSTEM32, service_programs.iisreset),
    "sc": (SYSTEM32, service_programs.sc),
    "net": (SYSTEM32, service_programs.net),
    "appcmd": (f"{SYSTEM32}\\inetsrv", appcmd.appcmd),
    "certutil": (SYSTEM32, file_programs.certutil),
    "hostname": (SYSTEM32, system_programs.hostname),
    "whoami": (SYSTEM32, system_programs.whoami),
    "chcp": (SYSTEM32, system_programs.chcp),
    "ipconfig": (SYSTEM32, system_programs.ipconfig),
    "ping": (SYSTEM32, system_programs.ping),
    "timeout": (SYSTEM32, system_programs.timeout),
    "tasklist": (SYSTEM32, system_programs.tasklist),
    "taskkill": (SYSTEM32, system_programs.taskkill),
    "powershell": (f"{SYSTEM32}\\windowspowershell\\v1.0", powershell),
}
ON_PATH = ("", SYSTEM32)
BUILT_IN: dict[str, Program] = {
    "type": file_programs.type_,
    "dir": file_programs.dir_,
    "copy": file_programs.copy,
    "del": file_programs.del_,
    "move": file_programs.move,
    "mkdir": file_programs.mkdir,
    "md": file_programs.mkdir,
}


class Exit(Exception):
    """`exit` was run."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def find_program(word: str) -> tuple[str, Program] | None:
    """The executable a word names: (image name, program), or None."""
    folder, name = ntpath.split(word.lower().replace("/", "\\"))
    program = PROGRAMS.get(name.removesuffix(".exe"))
    if program is None:
        return None
    on_path = folder in ON_PATH and (program[0] == SYSTEM32 or (not folder and name.startswith("powershell")))
    return (f"{name.removesuffix('.exe')}.exe", program[1]) if on_path or folder == program[0] else None


def run_line(session: Session, line: str) -> int:
    """`cmd /c line`: run the chain and answer its exit code."""
    lang = session.world.spec.os_lang
    try:
        commands = parse(expand(strip_outer_quotes(line), session.environment))
    except NotUnderstood as gap:
        session.err(f"lab: cmd does not understand {gap}\r\n")
        session.err(say(lang, "unknown", line[:80]))
        return 1
    code = 0
    try:
        for command in commands:
            if {"and": code == 0, "or": code != 0}.get(command.joint, True):
                code = _redirected(session, command)
    except Exit as leave:
        return leave.code
    return 1 if code == NOT_FOUND else code


def _redirected(session: Session, command: Command) -> int:
    if not command.redirects:
        return _run(session, command)
    caught: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    targets = _targets(command.redirects)
    outer = session.divert or (
        lambda stream, data: session.console.put("stderr" if stream == "stderr" else "stdout", data)
    )

    def divert(stream: str, data: bytes) -> None:
        target = targets[stream]
        if isinstance(target, Redirect):
            caught[target.stream].append(data)
        else:
            outer(target, data)

    session.divert, before = divert, session.divert
    try:
        code = _run(session, command)
    finally:
        session.divert = before
    return _save(session, command.redirects, caught) or code


def _targets(redirects: list[Redirect]) -> dict[str, str | Redirect]:
    """Where each stream ends up; `2>&1` takes what stdout is at that place in the line, as cmd does."""
    targets: dict[str, str | Redirect] = {"stdout": "stdout", "stderr": "stderr"}
    for redirect in redirects:
        targets[redirect.stream] = targets[redirect.same_as] if redirect.same_as else redirect
    return targets


def _save(session: Session, redirects: list[Redirect], caught: dict[str, list[bytes]]) -> int:
    for redirect in redirects:
        if not redirect.path or redirect.path.lower() == "nul":
            continue
        path, data = file_programs.where(session, redirect.path), b"".join(caught[redirect.stream])
        try:
            (session.world.files.append if redirect.append else session.world.files.write)(path, data)
        except OSError:
            session.err(say(session.world.spec.os_lang, "no_path"))
            return 1
    return 0


def _run(session: Session, command: Command) -> int:
    session.check()
    name = command.words[0].lower() if command.words else ""
    if name == "exit":
        numbers = [word for word in command.words[1:] if word.lower() != "/b"]
        raise Exit(int(numbers[0]) if numbers and numbers[0].lstrip("-").isdigit() else 0)
    if name in ("echo", "echo."):
        return _echo(session, command)
    if name == "set":
        return _set(session, command.words[1:])
    if name in BUILT_IN:
        session.begin(name)
        return BUILT_IN[name](session, command.words[1:])
    return run_program(session, command.words)


def run_program(session: Session, words: list[str]) -> int:
    """Run an allowed program as a child process; cmd's own words when there is none."""
    if not words:
        return 0
    found = find_program(words[0])
    if not found:
        session.err(say(session.world.spec.os_lang, "unknown", words[0]))
        return NOT_FOUND
    image, program = found

    def begin_and_run(child: Session, rest: list[str]) -> int:
        # PowerShell begins when its script is known, so that a fault can name the script.
        if image != "powershell.exe":
            child.begin(image.removesuffix(".exe"))
        code = program(child, rest)
        session.codepage = child.codepage if image == "chcp.exe" else session.codepage
        return code

    return session.run_child(image, begin_and_run, words[1:])


def _echo(session: Session, command: Command) -> int:
    text = command.raw.lstrip()[4:]
    if command.words[0].lower() == "echo." or text.strip():
        session.out(f"{text[1:]}\r\n")
    else:
        session.out("ECHO is on.\r\n")
    return 0


def _set(session: Session, words: list[str]) -> int:
    name, sign, value = " ".join(words).partition("=")
    if sign:
        session.environment[name] = value
        return 0
    shown = [
        f"{key}={value}" for key, value in sorted(session.environment.items()) if key.upper().startswith(name.upper())
    ]
    for line in shown:
        session.out(f"{line}\r\n")
    return 0 if shown else 1
