"""The proof of the demo: the lab's own record of what really happened, held against what the product says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from commands.demo_client import Client, site_status
from commands.following import Shape
from domain.errors import Broke
from domain.places import Environment, Host
from domain.text import Text

LATEST_MS: Final = 2000.0
_HARMLESS: Final = frozenset({"lb-in", "lb-out"})


@dataclass(frozen=True, kw_only=True)
class Check:
    """One sentence that held, or did not, with what was seen."""

    text: Text
    held: bool
    seen: str


@dataclass(frozen=True, kw_only=True)
class Before:
    """The hosts as they were: worker processes by host, and how many effects the ledger had."""

    workers: dict[str, set[int]]
    effects: int


def look_before(lab: Client, here: Environment) -> Before:
    """Let each site answer once, so that it has worker processes; then look. Raises Broke if one has none."""
    workers: dict[str, set[int]] = {}
    for host in here.app_hosts:
        status = site_status(host, here.site)
        workers[host.name] = pids(lab, host)
        if status not in here.site.statuses or not workers[host.name]:
            zh, en = f"{host.name} 的网站未就绪：{status}", f"The site on {host.name} is not up: {status}"
            raise Broke(Text(zh, en))
    return Before(workers=workers, effects=len(lab.get("/ledger")["effects"]))


def pids(lab: Client, host: Host) -> set[int]:
    """The worker processes that the lab's host really has."""
    return {w["pid"] for w in lab.get(f"/hosts/{host.name}")["workers"]}


def skew_ms(item: Shape, speed: float) -> float:
    """How long after its planned time the job started, in real milliseconds."""
    work = item["execution"]
    if work["started_at"] is None:
        return float("inf")
    late = datetime.fromisoformat(work["started_at"]) - datetime.fromisoformat(item["planned_at"])
    return late.total_seconds() * 1000 / speed


def prove(
    lab: Client, here: Environment, before: Before, item: Shape, events: Sequence[Shape], speed: float
) -> list[Check]:
    """What the demo claims, each with what was seen."""
    hosts = here.app_hosts
    effects = lab.get(f"/ledger?after={before.effects}")["effects"]
    return [
        _succeeded(item),
        *(_renewed(lab, here, host, before) for host in hosts),
        _once_each(hosts, effects, item["number"]),
        _one_after_another(hosts, events),
        on_time(item, speed),
    ]


def effect_rows(effects: Sequence[dict[str, Any]]) -> list[tuple[object, ...]]:
    """The lab's ledger as lines."""
    return [(e["n"], e["at"], e["host"], e["kind"], e["job"], e["token"]) for e in effects]


def _succeeded(item: Shape) -> Check:
    name = item["execution"]["name"]
    return Check(text=Text("作业执行成功", "The job succeeded"), held=name == "succeeded", seen=name)


def _renewed(lab: Client, here: Environment, host: Host, before: Before) -> Check:
    status = site_status(host, here.site)
    old, new = before.workers[host.name], pids(lab, host)
    held = bool(new) and not old & new and status in here.site.statuses
    text = Text(f"{host.name} 的工作进程已更换，网站正常", f"{host.name} has new worker processes and its site answers")
    return Check(text=text, held=held, seen=f"PID {_listed(old)} → {_listed(new)}, HTTP {status}")


def _once_each(hosts: Sequence[Host], effects: Sequence[dict[str, Any]], number: int) -> Check:
    """The lab is the witness: this job's restarts and no other effect on any host, in the order of the estate."""
    destructive = [e for e in effects if e["kind"] not in _HARMLESS]
    seen = [(e["host"].lower(), e["kind"], str(e["job"])) for e in destructive]
    wanted = [(h.name, "iisreset", str(number)) for h in hosts]
    text = Text("每台服务器恰好重启一次，按顺序", "Each server was restarted exactly once, in order")
    return Check(text=text, held=seen == wanted, seen=", ".join(f"{h} {kind}" for h, kind, _ in seen) or "-")


def _one_after_another(hosts: Sequence[Host], events: Sequence[Shape]) -> Check:
    """A server's restart begins only after the one before it has answered."""
    begun = {e["facts"]["on"]: e["seq"] for e in events if e["kind"] == "step-begun"}
    answered = {e["facts"]["on"]: e["seq"] for e in events if _is_answer(e)}
    names = [h.name for h in hosts]
    complete = all(n in begun and n in answered and begun[n] < answered[n] for n in names)
    held = complete and all(answered[a] < begun[b] for a, b in pairwise(names))
    text = Text("每台核实恢复后才轮到下一台", "Each was proven up before the next was touched")
    return Check(text=text, held=held, seen=" → ".join(names))


def _is_answer(event: Shape) -> bool:
    return event["kind"] == "step-done" and str(event["facts"].get("step", "")).startswith("answer:")


def on_time(item: Shape, speed: float) -> Check:
    """Never before its time, and hardly after it."""
    late_ms = skew_ms(item, speed)
    text = Text("准时开始，不早于计划时间", "It started at its planned time, not before")
    return Check(text=text, held=0 <= late_ms <= LATEST_MS, seen=f"start skew {late_ms:.1f} ms")


def _listed(numbers: set[int]) -> str:
    return "/".join(map(str, sorted(numbers))) or "-"
