"""iis-restart/1: restart IIS once, fenced by a marker file that is created exclusively."""

from typing import Any

from lab.host.appcmd import appcmd
from lab.host.ledger import Origin
from lab.host.moments import stamp, utc_now
from lab.host.processes import KILLED
from lab.host.script_state import ScriptFailed, create_marker, forbid, marker_path, read_marker, replace_marker, workers
from lab.host.service_programs import iisreset
from lab.host.session import Session

NAME = "iis-restart/1"


def restart(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    """What the script answers: whether it acted, and the marker."""
    token = args["token"]
    session.origin = Origin(job=args.get("job"), token=token, epoch=args.get("epoch"))
    forbid(session, args.get("earlier") or [], args)
    marker = _begun(session, args)
    if not _claimed(session, token, marker):
        return {"acted": False, "marker": read_marker(session, token)[1]}
    session.out(f"begun {token}\r\n")
    _may_die(session, "before")
    marker["codes"] = _act(session, args)
    _may_die(session, "after")
    marker.update(phase="ended", ended_at=stamp(utc_now()))
    replace_marker(session, token, marker)
    return {"acted": True, "marker": marker}


def _claimed(session: Session, token: str, marker: dict[str, Any]) -> bool:
    """Create the marker; a disk that is full while it is written leaves no trace, and nothing is done."""
    try:
        return create_marker(session, token, marker)
    except ScriptFailed:
        if read_marker(session, token)[0] == "unreadable":
            session.world.files.remove(marker_path(token))
        raise


def _begun(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: args.get(key) for key in ("token", "job", "epoch")},
        "phase": "begun",
        "begun_at": stamp(utc_now()),
        "pid": session.entry.pid,
        "pid_started": stamp(session.entry.started),
        "mode": args.get("mode"),
        "before": {"workers": workers(session)},
    }


def _act(session: Session, args: dict[str, Any]) -> dict[str, int]:
    limit = int(args["timeout_s"])
    if args.get("mode") == "iisreset":
        return {"iisreset": _iisreset(session, limit)}
    codes: dict[str, int] = {}
    for pool in args.get("pools") or []:
        codes[f"stop {pool}"] = _appcmd(session, "stop", pool)
        _until_no_worker(session, pool, limit * session.world.spec.timing.second_s)
        codes[f"start {pool}"] = _appcmd(session, "start", pool)
    return codes


def _iisreset(session: Session, limit: int) -> int:
    def program(child: Session, words: list[str]) -> int:
        child.begin("iisreset", inner=True)
        return iisreset(child, words)

    return _native(session, "iisreset.exe", program, ["/restart", f"/timeout:{limit}"])


def _appcmd(session: Session, verb: str, pool: str) -> int:
    return _native(session, "appcmd.exe", appcmd, [verb, "apppool", f"/apppool.name:{pool}"])


def _native(session: Session, image: str, program: Any, words: list[str]) -> int:
    """`& program 2>&1 | … { Say $_ }` under ErrorActionPreference Continue: stderr is said like stdout."""

    def divert(_stream: str, data: bytes) -> None:
        session.console.put("stdout", data)

    session.divert, before = divert, session.divert
    try:
        return session.run_child(image, program, words)
    finally:
        session.divert = before


def _until_no_worker(session: Session, pool: str, limit_s: float) -> None:
    session.wait(lambda: all(name != pool for name, _ in session.world.iis.workers()), limit_s)


def _may_die(session: Session, when: str) -> None:
    if session.world.faults.take("die_mid_restart", when=when):
        session.world.processes.end(session.entry.pid, KILLED)
    session.point(when, NAME)
