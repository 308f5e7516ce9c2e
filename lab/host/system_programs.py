"""hostname, whoami, chcp, ipconfig, ping, timeout, tasklist, taskkill."""

from lab.host.processes import KILLED, Entry
from lab.host.service_programs import tell
from lab.host.session import Session, encoding
from lab.host.texts import say

MOST_PINGS = 3600


def hostname(session: Session, words: list[str]) -> int:
    """The name of the host."""
    if words:
        session.err("sethostname: Use the Network Control Panel Applet to set hostname.\r\n")
        return 1
    session.out(f"{session.world.spec.name}\r\n")
    return 0


def whoami(session: Session, words: list[str]) -> int:
    """The signed-in user as `host\\user` in lower case."""
    if words:
        session.err(f"lab: whoami does not know {' '.join(words)}\r\n")
        return 1
    user = session.user if "\\" in session.user else f"{session.world.spec.name}\\{session.user}"
    session.out(f"{user.lower()}\r\n")
    return 0


def chcp(session: Session, words: list[str]) -> int:
    """`chcp [number]`: show or change the code page of the console."""
    if words:
        if not words[0].isdigit():
            session.err(f"Parameter format not correct - {words[0]}\r\n")
            return 1
        encoding(int(words[0]))
        session.codepage = int(words[0])
    tell(session, "chcp", session.codepage)
    return 0


def ipconfig(session: Session, words: list[str]) -> int:
    """`ipconfig [/all]`: one adapter, loopback."""
    if words and [word.lower() for word in words] != ["/all"]:
        session.err(f"lab: ipconfig does not know {' '.join(words)}\r\n")
        return 1
    tell(session, "ipconfig")
    if words:
        tell(session, "host_name", session.world.spec.name)
    session.out("\r\nEthernet adapter Ethernet:\r\n\r\n   IPv4 Address. . . . . . . . . . . : 127.0.0.1\r\n")
    return 0


def ping(session: Session, words: list[str]) -> int:
    """`ping -n count host` towards this host only: the usual way to wait in cmd."""
    if len(words) != 3 or words[0].lower() != "-n" or not words[1].isdigit():
        session.out(f"lab: ping does not know {' '.join(words)}\r\n")
        return 1
    if words[2].lower() not in ("127.0.0.1", "localhost", session.world.spec.name.lower()):
        session.out(f"Ping request could not find host {words[2]}. Please check the name and try again.\r\n")
        return 1
    count = min(int(words[1]), MOST_PINGS)
    for turn in range(count):
        if turn:
            session.sleep(session.world.spec.timing.second_s)
        session.out("Reply from 127.0.0.1: bytes=32 time<1ms TTL=128\r\n")
    return 0 if count else 1


def timeout(session: Session, words: list[str]) -> int:
    """Always refuses: over WinRM standard input is redirected, which the real one does not take."""
    if not any(word.isdigit() for word in words):
        session.err(say(session.world.spec.os_lang, "syntax"))
        return 1
    session.err(say(session.world.spec.os_lang, "no_timeout"))
    return 1


def tasklist(session: Session, words: list[str]) -> int:
    """`tasklist [/FI "PID eq n"|"IMAGENAME eq x"] [/FO CSV|TABLE] [/NH]`."""
    entries, style, head = session.world.processes.all(), "TABLE", True
    rest = list(words)
    while rest:
        option = rest.pop(0).upper()
        value = rest.pop(0) if option in ("/FI", "/FO") and rest else ""
        if option == "/NH":
            head = False
        elif option == "/FO" and value.upper() in ("CSV", "TABLE"):
            style = value.upper()
        elif option == "/FI" and (kept := _filtered(entries, value)) is not None:
            entries = kept
        else:
            session.err(f"lab: tasklist does not know {' '.join(words)}\r\n")
            return 1
    if not entries:
        tell(session, "no_tasks")
        return 0
    _show(session, entries, csv=style == "CSV", head=head)
    return 0


def _filtered(entries: list[Entry], rule: str) -> list[Entry] | None:
    what, _, value = rule.partition(" eq ")
    if what.upper() == "PID" and value.isdigit():
        return [entry for entry in entries if entry.pid == int(value)]
    if what.upper() == "IMAGENAME":
        return [entry for entry in entries if entry.name.lower() == value.lower()]
    return None


def _show(session: Session, entries: list[Entry], *, csv: bool, head: bool) -> None:
    if head:
        session.out(
            '"Image Name","PID","Session Name","Session#","Mem Usage"\r\n'
            if csv
            else "\r\nImage Name                     PID Session Name        Session#    Mem Usage\r\n"
            "========================= ======== ================ =========== ============\r\n"
        )
    for entry in entries:
        row = f"{entry.name:<25} {entry.pid:>8} {'Services':<16} {0:>11} {'10,240 K':>12}"
        session.out(f'"{entry.name}","{entry.pid}","Services","0","10,240 K"\r\n' if csv else f"{row}\r\n")


def taskkill(session: Session, words: list[str]) -> int:
    """`taskkill /PID n [/T] [/F]`; without /F nothing here ends."""
    upper = [word.upper() for word in words]
    rest = [word for word in upper if word not in ("/T", "/F")]
    if len(rest) != 2 or rest[0] != "/PID" or not rest[1].isdigit():
        session.err(f"lab: taskkill does not know {' '.join(words)}\r\n")
        return 1
    pid, lang = int(rest[1]), session.world.spec.os_lang
    if session.world.processes.find(pid) is None:
        session.err(say(lang, "no_process", pid))
        return 128
    if "/F" not in upper:
        session.err(say(lang, "need_force", pid))
        return 1
    ended = session.world.processes.end(pid, KILLED, tree="/T" in upper)
    session.record("taskkill", pid=pid, names=[entry.name for entry in ended])
    for entry in ended:
        tell(session, "killed", entry.pid)
    return 0
