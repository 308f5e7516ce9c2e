"""One click back: restore a data center from the backup that a request took before it changed anything."""

import json
from collections.abc import Mapping
from typing import Any, Final

from domain.errors import Conflict
from domain.job import FINAL
from domain.request import Actor
from domain.text import Text
from intake.desk import Desk
from intake.read import Item, show
from intake.submit import Answer, submit
from runner.store.rows import moment

RESTORE: Final = "restore"


def restore_of(desk: Desk, actor: Actor, number: int, body: Mapping[str, Any], key: str | None = None) -> Answer:
    """Ask for the restore from that request's backup: a new request, with its own policies.

    `body` may hold what a submit holds beside operation, place and params, and `how`. Raises NotFound, Conflict,
    Mistake, Refused.
    """
    return submit(desk, actor, wish_of(desk, actor, number, body), key)


def wish_of(desk: Desk, actor: Actor, number: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """That submit's body: a one-time code is asked for with it, too. Raises NotFound, Conflict."""
    item = show(desk, actor, number)
    backup = backup_of(desk, item)
    more = {k: v for k, v in body.items() if k != "how"}
    params = {"artifact": backup["id"], **({"how": body["how"]} if "how" in body else {})}
    described = more.pop("description", None) or _described(number, backup)
    return {**more, "description": described, "operation": RESTORE, "place": item.request.place, "params": params}


def backup_of(desk: Desk, item: Item) -> Mapping[str, Any]:
    """The backup that the request took of its own place, before the rest of its work. Raises Conflict."""
    number, place = item.request.number, item.request.place
    rows = [r for r in desk.store.rows("artifacts_of_job", job=number) if r["kind"] == "backup" and r["place"] == place]
    ready = [r for r in rows if r["state"] == "ready"]
    if item.job.state not in FINAL:
        zh, en = f"运维单 {number} 尚未结束", f"Request {number} has not ended yet"
        raise Conflict(Text(zh, en), number=number)
    if not ready:
        zh = f"运维单 {number} 没有可用的事前备份，无法由它恢复"
        en = f"Request {number} has no backup taken before it (or it is gone): nothing can be restored from it"
        raise Conflict(Text(zh, en), number=number)
    return ready[0]


def written_since(desk: Desk, item: Item) -> Mapping[str, Any]:
    """What a restore from that request's backup undoes: the moment of the backup, and our own work there since."""
    backup = backup_of(desk, item)
    since = backup["added_at"]
    rows = desk.store.rows("work_since", place=item.request.place, since=since)
    return {
        "artifact": backup["id"],
        "backed_up_at": moment(since).isoformat(),
        "requests": [{"number": r["number"], "operation": r["operation"]} for r in rows],
        "facts": json.loads(backup["facts"]),
    }


def _described(number: int, backup: Mapping[str, Any]) -> str:
    return f"恢复到运维单 {number} 执行前（{backup['name']}） / back to before request {number}"
