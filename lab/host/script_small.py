"""lb-file/1 and stop-tree/1."""

from typing import Any

from lab.host.moments import stamp
from lab.host.processes import KILLED
from lab.host.script_state import ScriptFailed
from lab.host.session import Session

STOP_WAIT_S = 10.0


def lb_file(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    """Move the file of the load balancer away, or back, and wait."""
    files, path, present = session.world.files, args["file"], bool(args["present"])
    source, target = (f"{path}.out", path) if present else (path, f"{path}.out")
    try:
        with session.acting():
            if files.find(source):
                files.move(source, target)
                session.record("lb-in" if present else "lb-out", file=path)
        session.sleep(float(args["settle_s"]))
        return {"present": files.find(path) is not None}
    except OSError as error:
        raise ScriptFailed(f"Move-Item : {error}") from error


def stop_tree(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    """End the process of that pid and start time with its children, and say whether it is gone."""
    pid, started = int(args["pid"]), args["started"]

    def mine() -> bool:
        entry = session.world.processes.find(pid)
        return entry is not None and stamp(entry.started) == started

    was = mine()
    if was:
        ended = session.world.processes.end(pid, KILLED, tree=True)
        session.record("taskkill", pid=pid, names=[entry.name for entry in ended])
    session.wait(lambda: not mine(), STOP_WAIT_S)
    return {"was_alive": was, "alive": mine()}
