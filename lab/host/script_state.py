"""What the scripts share: worker lists, marker files, and PowerShell's ways of failing."""

import json
from typing import Any

from lab.host.moments import stamp, utc_now
from lab.host.session import Session

MARKERS = "C:\\ProgramData\\yunwei\\markers"


class ScriptFailed(Exception):
    """The script ended by an error; the text is what PowerShell writes to standard error."""


def unrolled(items: list[Any]) -> Any:
    """What a PowerShell function that emits these leaves in a variable: nothing, the one, or a list."""
    return items if len(items) > 1 else (items[0] if items else None)


def workers(session: Session) -> list[dict[str, Any]]:
    """The w3wp processes as the scripts list them."""
    return [
        {"pid": entry.pid, "pool": pool, "started": stamp(entry.started)} for pool, entry in session.world.iis.workers()
    ]


def marker_path(token: str) -> str:
    """Where the marker of a token lies."""
    return f"{MARKERS}\\{token}.json"


def create_marker(session: Session, token: str, marker: dict[str, Any]) -> bool:
    """Create the marker exclusively. False when there is one already; raises ScriptFailed when the disk is full."""
    world, path = session.world, marker_path(token)
    world.files.make_folder(MARKERS)
    if world.faults.take("access_denied", what="marker"):
        raise ScriptFailed(f'Exception calling "Open" with "4" argument(s): "Access to the path \'{path}\' is denied."')
    full = 'Exception calling "{}" with "{}" argument(s): "There is not enough space on the disk."'
    if world.faults.take("disk_full", at="create") and not world.files.find(path):
        raise ScriptFailed(full.format("Open", 4))
    at_write = world.faults.take("disk_full", at="write")
    try:
        with session.acting():
            world.files.create_new(path, b"" if at_write else dumped(marker))
    except FileExistsError:
        return False
    if at_write:
        raise ScriptFailed(full.format("Write", 3))
    return True


def forbid(session: Session, tokens: list[str], by: dict[str, Any]) -> None:
    """Give each of these tokens a void marker, so that what is sent under it later does nothing."""
    for token in tokens:
        void = {"token": token, "job": by.get("job"), "epoch": by.get("epoch"), "phase": "void", "at": stamp(utc_now())}
        try:
            create_marker(session, token, void)
        except ScriptFailed as failure:
            # The scripts forgive an input/output error once the file is there.
            if "denied" in str(failure) or not session.world.files.find(marker_path(token)):
                raise


def replace_marker(session: Session, token: str, marker: dict[str, Any]) -> None:
    """Write the marker's next text beside it and put it in its place."""
    if session.world.faults.take("disk_full", at="end"):
        raise ScriptFailed(
            'Exception calling "WriteAllText" with "3" argument(s): "There is not enough space on the disk."'
        )
    path = marker_path(token)
    session.world.files.write(f"{path}.new", dumped(marker))
    session.world.files.move(f"{path}.new", path)


def read_marker(session: Session, token: str) -> tuple[str, dict[str, Any] | None]:
    """(phase, marker): phase is `none` without a file and `unreadable` when its text is no marker."""
    node = session.world.files.find(marker_path(token))
    if node is None:
        return "none", None
    try:
        marker = json.loads((node.data or b"").decode("utf-8"))
        return (str(marker["phase"]), marker) if isinstance(marker, dict) else ("unreadable", None)
    except (ValueError, KeyError):
        return "unreadable", None


def dumped(value: dict[str, Any]) -> bytes:
    """As ConvertTo-Json -Compress in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
