"""iis-look/1: facts about IIS; with `seal`, a void marker for an attempt that has not begun."""

import socket
from typing import Any

from lab.host.moments import parse, stamp, utc_now
from lab.host.script_state import ScriptFailed, forbid, read_marker, workers
from lab.host.session import Session

SQL_WAIT_S = 3.0
MOST_EVENTS = 20


def look(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    """The facts that the script answers."""
    token = args.get("token")
    if token and args.get("seal"):
        forbid(session, [token], args["seal"])
    phase, marker = read_marker(session, token) if token else ("none", None)
    iis, spec = session.world.iis, session.world.spec
    return {
        "host": spec.name,
        "now": stamp(utc_now()),
        "boot": session.world.booted,
        "services": {name: {"state": int(session.world.services.state(name))} for name in ("WAS", "W3SVC")},
        "pools": iis.pools(),
        "sites": {spec.site: iis.site_state()},
        "workers": workers(session),
        "was_events": _events(session, marker.get("begun_at") if marker else None),
        "sql": _sql(args.get("sql")),
        "phase": phase,
        "alive": _alive(session, marker),
        "marker": marker,
    }


def _alive(session: Session, marker: dict[str, Any] | None) -> bool:
    pid = marker.get("pid") if marker else None
    entry = session.world.processes.find(pid) if isinstance(pid, int) else None
    return bool(marker and entry and stamp(entry.started) == marker.get("pid_started"))


def _events(session: Session, since: str | None) -> list[dict[str, Any]]:
    if not since:
        return []
    try:
        found = session.world.iis.events_since(parse(since))
    except ValueError as error:
        raise ScriptFailed(f'Exception calling "Parse" with "3" argument(s): "{error}"') from error
    return [{"id": event.id, "at": stamp(event.at)} for event in found[:MOST_EVENTS]]


def _sql(target: dict[str, Any] | None) -> dict[str, Any] | None:
    if not target:
        return None
    host, port = target["host"], int(target["port"])
    if host not in ("127.0.0.1", "localhost"):
        raise ScriptFailed(f"lab: only loopback can be asked, not {host}")
    try:
        socket.create_connection((host, port), SQL_WAIT_S).close()
    except OSError:
        return {"reachable": False}
    return {"reachable": True}
