"""sqlpackage-start/1, sqlpackage-look/1 and sqlpackage-stop/1, and the detached process that the first one makes."""

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.host.console import Console
from lab.host.ledger import Origin
from lab.host.moments import parse, stamp, utc_now
from lab.host.processes import KILLED, Entry
from lab.host.script_state import ScriptFailed, create_marker, dumped, forbid, marker_path, read_marker, replace_marker
from lab.host.session import Killed, Session, run_to_end
from lab.sqlpackage import sqlpackage

JOBS = "C:\\ProgramData\\yunwei\\jobs"
EXE = "C:\\Program Files\\Microsoft SQL Server\\170\\DAC\\bin\\SqlPackage.exe"
STOP_WAIT_S = 30.0
TAIL = 4000
BIRTH = 4  # WMI's own process is the parent
_READS = ("Import", "Publish")
_OUTSIDE = "Logins;ServerTriggers;LinkedServers;LinkedServerLogins;Endpoints;Credentials;Audits;ServerRoles;"
_EXCLUDED = _OUTSIDE + "ServerRoleMembership;Assemblies;DatabaseTriggers"


def start(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    """What the script answers: whether it acted, why not, and the marker."""
    token = args["token"]
    session.origin = Origin(job=args.get("job"), token=token, epoch=args.get("epoch"))
    if read_marker(session, token)[0] != "none":
        return _found(session, token)
    why = _against(session, args)
    if why:
        return {"acted": False, "why": why, "marker": None}
    forbid(session, args.get("earlier") or [], args)
    marker = {key: args.get(key) for key in ("token", "job", "epoch", "action")}
    marker |= {"phase": "begun", "begun_at": stamp(utc_now())}
    if not _claimed(session, token, marker):
        return _found(session, token)
    session.point("before", "sqlpackage-start/1")
    call = _laid_out(session, args)
    entry = _detach(session, args["name"], call)
    session.record("sqlpackage-start", action=args["action"], database=args["database"], pid=entry.pid)
    session.point("after", "sqlpackage-start/1")
    marker |= {"phase": "ended", "ended_at": stamp(utc_now()), "code": 0, "pid": entry.pid}
    replace_marker(session, token, marker)
    return {"acted": True, "why": "", "marker": marker}


def look(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    """How it is doing."""
    jobs, marker = f"{JOBS}\\{args['name']}", read_marker(session, args["token"])[1]
    state, child = _read(session, f"{jobs}\\state.json"), _read(session, f"{jobs}\\child.json")
    alive = _mine(session, state) is not None or _mine(session, child) is not None
    done = _read(session, f"{jobs}\\done.json")
    work, file = _real(session, args, ".work"), _real(session, args, ".package")
    begun = (marker or {}).get("begun_at")
    return {
        "marker": marker, "state": state, "child": child, "alive": alive, "done": done,
        "waited_s": int((utc_now() - parse(begun)).total_seconds()) if begun else 0,
        "bytes": sum(f.stat().st_size for f in work.rglob("*") if f.is_file()),
        "file_bytes": file.stat().st_size if file.is_file() else None,
        "out": _tail(session, f"{jobs}\\out.log"), "err": _tail(session, f"{jobs}\\err.log"),
    }  # fmt: skip


def stop(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    """End it, or keep it from beginning; then clear its folder."""
    jobs, files = f"{JOBS}\\{args['name']}", session.world.files
    files.make_folder(jobs)
    try:
        with session.acting():
            files.create_new(f"{jobs}\\state.json", b'{"phase":"void"}')
    except FileExistsError:
        pass
    was = bool(_living(session, jobs))
    for entry in _living(session, jobs):
        ended = session.world.processes.end(entry.pid, KILLED, tree=True)
        session.record("taskkill", pid=entry.pid, names=[each.name for each in ended])
    if not session.wait(lambda: not _living(session, jobs), STOP_WAIT_S):
        raise ScriptFailed("SqlPackage could not be ended")
    work = _real(session, args, ".work")
    if work.exists():
        shutil.rmtree(work)
    return {"was_alive": was, "alive": False}


def _found(session: Session, token: str) -> dict[str, Any]:
    return {"acted": False, "why": "marker", "marker": read_marker(session, token)[1]}


def _against(session: Session, args: dict[str, Any]) -> str:
    """Why nothing can be started; empty if it can."""
    if session.world.sql is None:
        return "no-sqlpackage"
    if session.world.files.find(f"{JOBS}\\{args['name']}") or _real(session, args, ".work").exists():
        return "taken"
    return "file" if (args["action"] in _READS) != _real(session, args, ".package").exists() else ""


def _claimed(session: Session, token: str, marker: dict[str, Any]) -> bool:
    try:
        return create_marker(session, token, marker)
    except ScriptFailed:
        if read_marker(session, token)[0] == "unreadable":
            session.world.files.remove(marker_path(token))
        raise


def _laid_out(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    """The folders, and what is to be done."""
    reads, ending = args["action"] in _READS, "bacpac" if args["action"] in ("Export", "Import") else "dacpac"
    session.world.files.make_folder(f"{JOBS}\\{args['name']}")
    work, file = _real(session, args, ".work"), _real(session, args, ".package")
    (work / "tmp").mkdir(parents=True)
    if reads:
        file.rename(work / f"package.{ending}")
    there = f"{args['folder']}\\{args['name']}"
    package = f"{there}.work\\package.{ending}"
    call = {
        "words": _words(args, package, f"{there}.work\\tmp", reads=reads),
        "package": package,
        "file": None if reads else f"{there}.package",
        "database": args["database"],
        "owner": args["owner"],
    }
    session.world.files.write(f"{JOBS}\\{args['name']}\\call.json", dumped(call))
    return call


def _words(args: dict[str, Any], package: str, tmp: str, *, reads: bool) -> list[str]:
    side, other, limit = ("Target", "Source", args["limit_s"]) if reads else ("Source", "Target", args["limit_s"])
    words = [f"/Action:{args['action']}", f"/{other}File:{package}", f"/{side}ServerName:localhost,{int(args['port'])}"]
    words += [f"/{side}DatabaseName:{args['database']}", f"/{side}EncryptConnection:True"]
    words += [f"/{side}TrustServerCertificate:True"]
    words += [f"/p:CommandTimeout={int(limit)}", f"/p:LongRunningCommandTimeout={int(limit)}"]
    more = {
        "Export": [f"/p:TempDirectoryForTableData={tmp}"],
        "Extract": ["/p:ExtractAllTableData=True", "/p:VerifyExtraction=False"],
        "Publish": ["/p:CreateNewDatabase=False", f"/p:ExcludeObjectTypes={_EXCLUDED}"],
    }
    return [*words, *([] if reads else ["/OverwriteFiles:False"]), *more.get(args["action"], [])]


def _detach(session: Session, name: str, call: dict[str, Any]) -> Entry:
    """A process of WMI's making that runs what `run.ps1` does."""
    world = session.world
    entry = world.processes.begin("powershell.exe", BIRTH)
    own = replace(session, entry=entry, console=Console(entry, world.processes), divert=lambda _stream, _data: None)
    jobs = f"{JOBS}\\{name}"

    def run() -> int:
        return _run(own, jobs, call)

    threading.Thread(target=run_to_end, args=(own, run), name="lab-detached", daemon=True).start()
    return entry


def _run(session: Session, jobs: str, call: dict[str, Any]) -> int:
    """`run.ps1`: who it is, then SqlPackage, then how that ended."""
    try:
        with session.acting():
            session.world.files.create_new(f"{jobs}\\state.json", dumped(_who(session.entry)))
    except FileExistsError:
        return 1
    done: dict[str, Any] = {"exit_code": None, "error": None}
    try:
        done["exit_code"] = session.run_child("SqlPackage.exe", _program(jobs), call["words"])
        if done["exit_code"] == 0:
            _hand_over(session, call)
    except Killed:
        raise
    except Exception as error:  # as the script's own catch
        done["error"] = str(error)
    done["ended_at"] = stamp(utc_now())
    with session.acting():
        session.world.files.write(f"{jobs}\\done.json", dumped(done))
    return 0


def _program(jobs: str) -> Any:
    def program(child: Session, words: list[str]) -> int:
        def divert(stream: str, data: bytes) -> None:
            child.world.files.append(f"{jobs}\\{'err' if stream == 'stderr' else 'out'}.log", data)

        child.divert = divert
        with child.acting():
            child.world.files.write(f"{jobs}\\child.json", dumped(_who(child.entry)))
        return sqlpackage(child, words)

    return program


def _hand_over(session: Session, call: dict[str, Any]) -> None:
    """The file to its place; the new database to its owner."""
    sql = session.world.sql
    if sql is None:
        return
    with session.acting():
        if call["file"]:
            sql.disk.path(call["package"]).rename(sql.disk.path(call["file"]))
        if call["owner"]:
            database, owner = sql.store.get(call["database"]), sql.rights.find(call["owner"])
            account = sql.rights.find(session.user)
            may = account and sql.rights.on_server(account, f"IMPERSONATE {call['owner'].lower()}")
            if owner is None or not may:
                raise ScriptFailed(f"Cannot find the principal '{call['owner']}', or you do not have permission.")
            database.owner = owner.name
            sql.store.save()


def _who(entry: Entry) -> dict[str, Any]:
    return {"pid": entry.pid, "started": stamp(entry.started)}


def _read(session: Session, path: str) -> dict[str, Any] | None:
    node = session.world.files.find(path)
    try:
        found = json.loads((node.data or b"").decode()) if node else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _tail(session: Session, path: str) -> str:
    node = session.world.files.find(path)
    return (node.data or b"")[-TAIL:].decode("utf-8", "replace") if node else ""


def _mine(session: Session, who: dict[str, Any] | None) -> Entry | None:
    entry = session.world.processes.find(who["pid"]) if who and who.get("pid") else None
    return entry if entry and who and stamp(entry.started) == who["started"] else None


def _living(session: Session, jobs: str) -> list[Entry]:
    found = [_mine(session, _read(session, f"{jobs}\\{name}.json")) for name in ("state", "child")]
    return [entry for entry in found if entry]


def _real(session: Session, args: dict[str, Any], ending: str) -> Path:
    """A file of the exchange folder, which lies on a real disk. Raises ScriptFailed: no SQL Server is here."""
    if session.world.sql is None:
        raise ScriptFailed("lab: only the host of a SQL Server has an exchange folder")
    return session.world.sql.disk.path(f"{args['folder']}\\{args['name']}{ending}")
