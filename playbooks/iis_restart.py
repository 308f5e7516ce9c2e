"""Restart IIS: each app server in turn, each proven up before the next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Literal

from domain.command import PowerShell, Reading, SiteProbe, Together
from domain.operation import Judgement, Lock, Misfire, Operation, Outcome, Step, Target, Traits
from domain.places import Environment, Host, LoadBalancer, Place
from domain.text import Text
from playbooks import iis_facts, iis_group
from playbooks.scripts import load

POLL_S = 1.0


@dataclass(frozen=True, kw_only=True)
class RestartIIS(Operation):
    """Restart IIS on every app server of an environment.

    One server after another (or all at once, on request): taken out of the load balancer, restarted once, proven up
    by its services, pools, new worker processes and the site's own answers, put back. A server that does not come
    back stops the roll-out: the servers after it stay untouched.
    """

    name: ClassVar[str] = "iis-restart"
    title: ClassVar[Text] = Text("重启IIS", "Restart IIS")
    traits: ClassVar[Traits] = Traits(
        target=Target.ENVIRONMENT,
        takes=timedelta(minutes=3),
        needs=frozenset({"dedicated-vip"}),
        quota_class="restart",
        lock=Lock.EXCLUSIVE,
        grace=timedelta(minutes=5),
        misfire=Misfire.SKIP,
        words={
            "waiting": Text("等待重启中", "waiting to restart"),
            "running": Text("重启中", "restarting"),
            "succeeded": Text("重启成功", "restarted"),
            "failed": Text("重启失败", "restart failed"),
        },
    )
    notes: ClassVar[dict[str, Text]] = {
        "order": Text("逐台重启，或同时重启", "One server after another, or all at once"),
    }

    order: Literal["one-by-one", "all-at-once"] = "one-by-one"

    def plan(self, place: Place) -> Iterator[Step]:
        here = place.environment
        if self.order == "all-at-once":
            yield from _all_at_once(here)
            return
        for host in here.app_hosts:
            if here.load_balancer:
                yield _balance(host, here.load_balancer, present=False)
            yield _restart(here, host)
            yield _prove(here, host, "prove")
            yield _answer(here, host)
            yield _prove(here, host, "confirm")
            if here.load_balancer:
                yield _balance(host, here.load_balancer, present=True)

    def estimate(self, place: Place) -> timedelta:
        """Three minutes a server; all at once, three in all."""
        return self.traits.takes * (1 if self.order == "all-at-once" else len(place.environment.app_hosts))

    def judge(self, step: Step, reading: Reading) -> Judgement:
        kind = step.key.split(":")[0]
        match kind:
            case "restart":
                return iis_group.each(step.do, reading, iis_facts.attempt)
            case "prove" | "confirm":
                return iis_facts.proof(reading.facts, _pools(step), warm=kind == "confirm")
            case "answer":
                return _site_judgement(reading)
            case "drain" | "undrain":
                return _balanced(reading, present=kind == "undrain")
        raise ValueError(f"iis-restart has no step {step.key!r}")

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        return iis_group.each(step.look, reading, iis_facts.effect)


def _all_at_once(here: Environment) -> Iterator[Step]:
    every = [_restart(here, h) for h in here.app_hosts]
    names = ", ".join(h.name for h in here.app_hosts)
    looks = tuple(r.look for r in every if r.look)
    yield Step(
        key="restart:all",
        title=Text(f"同时重启 {names}", f"Restart IIS on {names} at once"),
        do=Together(commands=tuple(r.do for r in every)),
        look=Together(commands=looks),
        timeout_s=every[0].timeout_s,
        destructive=True,
        interruptible=False,
        effect_on=names,
    )
    for host in here.app_hosts:
        yield _prove(here, host, "prove")
        yield _answer(here, host)
        yield _prove(here, host, "confirm")


def _restart(here: Environment, host: Host) -> Step:
    rule, timeout_s = here.restart, int(here.restart.timeout.total_seconds())
    args: dict[str, Any] = {"mode": rule.mode, "pools": list(rule.pools), "timeout_s": timeout_s}
    key = f"restart:{host.name}"
    return Step(
        key=key,
        title=Text(f"重启 {host.name}", f"Restart IIS on {host.name}"),
        do=PowerShell(host=host.path, script=load("iis_restart"), args=args, fence=key),
        look=PowerShell(host=host.path, script=load("iis_look"), args={"sql": None}, fence=key),
        timeout_s=2.0 * timeout_s * max(1, len(rule.pools)) + 60.0,
        destructive=True,
        interruptible=False,  # cut short, iisreset leaves the server down
        effect_on=host.name,
    )


def _prove(here: Environment, host: Host, word: str) -> Step:
    """Before the site is asked (`prove`) and after its answer (`confirm`): a pool may fall at its first hit."""
    sql = here.database_host
    zh, en = ("核实", "Prove") if word == "prove" else ("复核", "Confirm")
    args = {
        "sql": {"host": sql.address, "port": sql.port} if sql else None,
        "pools": list(here.restart.pools),
    }
    return Step(
        key=f"{word}:{host.name}",
        title=Text(f"{zh} {host.name} 的服务与进程", f"{en} the services and workers of {host.name}"),
        do=PowerShell(host=host.path, script=load("iis_look"), args=args, fence=f"restart:{host.name}"),
        timeout_s=here.site.budget.total_seconds(),
        poll_s=POLL_S,
        effect_on=host.name,
    )


def _answer(here: Environment, host: Host) -> Step:
    site = here.site
    return Step(
        key=f"answer:{host.name}",
        title=Text(f"核实 {host.name} 的网站应答", f"Prove the site on {host.name}"),
        do=SiteProbe(host=host.path, path=site.path, host_header=site.host_header, statuses=site.statuses),
        timeout_s=site.budget.total_seconds(),
        poll_s=POLL_S,
        effect_on=host.name,
    )


def _balance(host: Host, balancer: LoadBalancer, *, present: bool) -> Step:
    word = "undrain" if present else "drain"
    zh, en = ("恢复接入", "Put back") if present else ("摘除", "Take out")
    settle_s = balancer.settle.total_seconds()
    args = {"file": balancer.file, "present": present, "settle_s": 0 if present else settle_s}
    return Step(
        key=f"{word}:{host.name}",
        title=Text(f"{zh} {host.name}", f"{en} {host.name}"),
        do=PowerShell(host=host.path, script=load("lb_file"), args=args),
        timeout_s=settle_s + 60.0,
        effect_on=host.name,
    )


def _pools(step: Step) -> tuple[str, ...]:
    return tuple(step.do.args.get("pools") or ()) if isinstance(step.do, PowerShell) else ()


def _site_judgement(reading: Reading) -> Judgement:
    facts = reading.facts
    if facts.get("ok"):
        statuses = ", ".join(map(str, facts["statuses"]))
        text = Text(f"网站应答 {statuses}", f"the site answered {statuses}")
        return Judgement(outcome=Outcome.DONE, text=text, evidence=facts)
    why = facts.get("error") or f"{facts.get('statuses')}"
    return Judgement(
        outcome=Outcome.RUNNING, text=Text(f"网站未就绪：{why}", f"the site is not ready: {why}"), evidence=facts
    )


def _balanced(reading: Reading, *, present: bool) -> Judgement:
    text = Text("负载均衡文件已就位", "the load balancer's file is as wanted")
    if reading.facts.get("present") == present:
        return Judgement(outcome=Outcome.DONE, text=text, evidence=reading.facts)
    if not present:
        return Judgement(outcome=Outcome.FAILED, text=Text("摘除失败", "the node is still in"), evidence=reading.facts)
    # It was not in when we came (no file, no .out): nothing to put back.
    return Judgement(
        outcome=Outcome.DONE, text=Text("该节点原本不在负载中", "it was not in before"), evidence=reading.facts
    )
