"""powershell.exe: our own bootstrap with scripts known by name and sha256, and a few literal forms. No interpreter."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any

from lab.host.moments import stamp
from lab.host.scripts import ScriptFailed, run_script
from lab.host.session import Session

BOOT = "# yunwei boot/1"
INPUT_WAIT_S = 60.0
UTF8 = 65001
UNKNOWN_FORM = 9009
_NO_VALUE = ("-nologo", "-noprofile", "-noninteractive")
_WRITE_HOST = re.compile(r"""write-host\s+(?:'([^']*)'|"([^"$`]*)"|([^\s'"$`;|&()]+))""", re.IGNORECASE)
_SLEEP = re.compile(r"start-sleep\s+(?:-s\w*\s+)?(\d{1,5})", re.IGNORECASE)
PROGRESS = (
    "#< CLIXML\r\n"
    '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj S="progress" RefId="0">'
    '<TN RefId="0"><T>System.Management.Automation.PSCustomObject</T><T>System.Object</T></TN><MS>'
    '<I64 N="SourceId">1</I64><PR N="Record"><AV>Preparing modules for first use.</AV><AI>0</AI><Nil />'
    "<PI>-1</PI><PC>-1</PC><T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj></Objs>"
)


def powershell(session: Session, words: list[str]) -> int:
    """Run what the command line asks for, if the lab knows it."""
    if session.world.faults.take("clixml_progress"):
        session.err(PROGRESS)
    text = _command_text(words)
    if (text is not None and text.lstrip("\ufeff").startswith(BOOT + "\n")) or text == BOOT:
        return _boot(session)
    form = _literal_form(text) if text is not None else None
    if form is None:
        session.err(f"lab: powershell does not know {(text if text is not None else ' '.join(words))[:200]!r}\r\n")
        return UNKNOWN_FORM
    session.begin("powershell")
    return form(session)


def _command_text(words: list[str]) -> str | None:
    rest = list(words)
    while rest:
        option = rest.pop(0).lower()
        if option in _NO_VALUE:
            continue
        if option == "-executionpolicy" and rest:
            rest.pop(0)
        elif option in ("-encodedcommand", "-enc", "-e") and len(rest) == 1:
            return _decoded(rest[0])
        elif option == "-command" and rest:
            return " ".join(rest)
        else:
            return None
    return None


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le").replace("\r\n", "\n")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _literal_form(text: str) -> Callable[[Session], int] | None:
    said = _WRITE_HOST.fullmatch(text.strip())
    if said:
        return lambda session: _write_host(session, said[1] or said[2] or said[3] or "")
    slept = _SLEEP.fullmatch(text.strip())
    return (lambda session: _sleep(session, float(slept[1]))) if slept else None


def _write_host(session: Session, text: str) -> int:
    session.out(text)
    session.out("\n")
    return 0


def _sleep(session: Session, seconds: float) -> int:
    session.sleep(seconds)
    return 0


def _boot(session: Session) -> int:
    """The bootstrap: say the pid, read the call, run the script, say its facts."""
    session.codepage = UTF8
    entry = session.entry
    session.out(f"@@yunwei:pid {_json({'pid': entry.pid, 'started': stamp(entry.started)})}\r\n")
    data = session.console.read_input(INPUT_WAIT_S)
    session.check()
    try:
        call = json.loads((data or b"").decode("utf-8"))
        script, args = call["script"], call["args"]
        if not isinstance(script, str) or not isinstance(args, dict):
            raise TypeError("script must be text, args an object")
    except (ValueError, KeyError, TypeError) as error:
        session.err(f"ConvertFrom-Json : lab: no call on standard input ({type(error).__name__}: {error})\r\n")
        return 1
    try:
        facts = run_script(session, script, args)
    except ScriptFailed as failure:
        session.err(f"{failure}\r\n")
        return 1
    session.out(f"@@yunwei:facts {_json(facts)}\r\n")
    return 0


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
