"""Names of databases: swap a new one in, rename, drop. A database is known by its number; names only point at it.

Each is written down before it is begun, so that after our own death the look knows what to bring back.
"""

from domain.command import Call
from domain.errors import Broke
from domain.text import Text
from executors import mssql_quoting as quoted
from executors.mssql_link import Link
from executors.sql_server import attempt, databases
from executors.sql_server.server import Arguments, Facts, Server


def swap(server: Server, arguments: Arguments, call: Call) -> Facts:
    """The database `new` takes the name `database`; the one that had it is kept as `old`. Or look what became of it.

    With `look` the state is read, and a half-done swap is brought back or finished, under the job's lock.
    """
    with server.link(arguments["token"]) as link:
        if arguments.get("look"):
            return _look(link, arguments)
        plan = _plan(link, arguments)
        return attempt.once(link, arguments, plan, lambda: _swap(link, plan))


def swap_back(server: Server, arguments: Arguments, call: Call) -> Facts:
    """The database kept as `old` gets its name again, and the new one its own. Nothing happens where `old` is gone."""
    with server.link(arguments["token"]) as link:
        attempt.hold(link, arguments)
        old, new = databases.find(link, arguments["old"]), databases.find(link, arguments["database"])
        if old is None:
            return {"back": False}
        if new is not None:
            _call(link, arguments["database"], arguments["new"])
            _open(link, new["database_id"])
        _call(link, arguments["old"], arguments["database"])
        _open(link, old["database_id"])
        return {"back": True}


def rename(server: Server, arguments: Arguments, call: Call) -> Facts:
    """The database `database` is called `new` from now on. Or look what became of it."""
    with server.link(arguments["token"]) as link:
        if arguments.get("look"):
            return _look(link, arguments)
        target = databases.must(link, arguments["database"])
        _refuse_taken(link, arguments["new"])
        plan = {"number": target["database_id"], "name": arguments["database"], "new": arguments["new"]}
        return attempt.once(link, arguments, plan, lambda: _rename_alone(link, plan))


def drop(server: Server, arguments: Arguments, call: Call) -> Facts:
    """Drop a database of our own making, under the name that is its own; one that is gone already is no trouble."""
    with server.link(arguments["token"]) as link:
        attempt.hold(link, arguments)
        found = databases.find(link, arguments["database"])
        if found is None:
            return {"dropped": False}
        databases.alone(link, found["name"], f"DROP DATABASE {quoted.name(found['name'])}")
        return {"dropped": True, "number": found["database_id"]}


def _plan(link: Link, arguments: Arguments) -> Facts:
    target, new = databases.find(link, arguments["database"]), databases.must(link, arguments["new"])
    return {
        "name": arguments["database"],
        "old": arguments["old"],
        "old_number": target["database_id"] if target else None,
        "new": arguments["new"],
        "new_number": new["database_id"],
    }


def _swap(link: Link, plan: Facts) -> Facts:
    """Both renames; the first is undone if the second fails."""
    if plan["old_number"] is not None:
        try:
            _call(link, plan["name"], plan["old"])
        except BaseException:
            _open(link, plan["old_number"])
            raise
    try:
        _call(link, plan["new"], plan["name"])
    except BaseException:
        _bring_back(link, plan)
        raise
    _open(link, plan["new_number"])
    return {"number": plan["new_number"]}


def _bring_back(link: Link, plan: Facts) -> None:
    """The old database gets its name again, and both are open to all."""
    old = databases.by_id(link, plan["old_number"]) if plan["old_number"] is not None else None
    if old and old["name"] != plan["name"]:
        _call(link, old["name"], plan["name"])
    for number in (plan["old_number"], plan["new_number"]):
        if number is not None:
            _open(link, number)


def _look(link: Link, arguments: Arguments) -> Facts:
    """Where the names point now. What was left half-way by a dead session is brought back here."""
    marker = attempt.look(link, arguments)
    if marker.held or marker.phase != "begun":
        return marker.as_facts()
    plan = marker.facts
    if "number" in plan:  # a rename
        found = databases.by_id(link, plan["number"])
        _open(link, plan["number"])
        return {**marker.as_facts(), "took_effect": bool(found and found["name"] == plan["new"])}
    new = databases.by_id(link, plan["new_number"])
    if new and new["name"] == plan["name"]:
        _open(link, plan["new_number"])
        return {**marker.as_facts(), "took_effect": True}
    _bring_back(link, plan)
    return {**marker.as_facts(), "took_effect": False}


def _rename_alone(link: Link, plan: Facts) -> Facts:
    try:
        _call(link, plan["name"], plan["new"])
    finally:
        _open(link, plan["number"])
    return {"number": plan["number"]}


def _call(link: Link, name: str, new: str) -> None:
    """Give it its new name; those who were at work are thrown off and rolled back."""
    databases.alone(link, name, f"ALTER DATABASE {quoted.name(name)} MODIFY NAME = {quoted.name(new)}")


def _open(link: Link, number: int) -> None:
    """Open to all again, under whatever name it has."""
    databases.open_to_all(link, databases.by_id(link, number))


def _refuse_taken(link: Link, new: str) -> None:
    if databases.find(link, new):
        zh, en = f"数据库名 {new} 已被占用", f"The database name {new} is taken"
        raise Broke(Text(zh, en), database=new, started=False)
