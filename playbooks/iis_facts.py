"""What the facts of `iis_look` and `iis_restart` prove. Pure, and from codes and states, never from sentences.

The marker file on the host tells what became of an attempt: `none`, `void` (forbidden before it began), `begun`,
`ended`. See docs/operations/iis-restart.md.
"""

from typing import Any, Final

from domain.command import Facts
from domain.operation import Judgement, Outcome
from domain.text import Text

RUNNING: Final = 4  # System.ServiceProcess.ServiceControllerStatus
_STATES: Final = {
    1: "stopped",
    2: "start pending",
    3: "stop pending",
    4: "running",
    5: "continue pending",
    6: "pause pending",
    7: "paused",
}


def attempt(facts: Facts) -> Judgement:
    """What `iis_restart` answered: it acted, or the marker of another attempt kept it from acting."""
    marker = facts.get("marker") or {}
    if not facts.get("acted"):
        text = Text(
            "此步骤已有执行标记，本次未执行", "the host has a marker of this step; this attempt changed nothing"
        )
        return Judgement(outcome=Outcome.CANNOT_TELL, text=text, evidence={"marker": marker})
    codes = marker.get("codes") or {}
    wrong = {k: v for k, v in codes.items() if v != 0}
    if wrong:  # the exit code is a hint, the state is the truth: the next step looks at the state
        text = Text(f"命令返回非零代码 {wrong}，以状态核实为准", f"the command ended with {wrong}; its state decides")
        return Judgement(outcome=Outcome.DONE, text=text, evidence={"codes": codes})
    return Judgement(
        outcome=Outcome.DONE, text=Text("重启命令已完成", "the restart command ended"), evidence={"codes": codes}
    )


def effect(facts: Facts) -> Judgement:
    """After doubt: did the restart take effect? A void marker is proof that it did not and cannot any more."""
    evidence = evidence_of(facts)
    phase = facts.get("phase")
    if phase == "void":
        text = Text("主机标记证明重启未执行", "the marker proves that the restart did not happen")
        return Judgement(outcome=Outcome.NOT_DONE, text=text, evidence=evidence)
    if phase == "ended":
        text = Text("主机标记证明重启已执行", "the marker proves that the restart happened")
        return Judgement(outcome=Outcome.DONE, text=text, evidence=evidence)
    if phase == "unreadable" or (phase == "begun" and facts.get("alive")):  # unreadable: it is just being written
        return Judgement(
            outcome=Outcome.RUNNING, text=Text("重启仍在进行", "the restart is still running"), evidence=evidence
        )
    if phase == "begun":
        return _broken_off(facts, evidence)
    text = Text("主机标记无法读取", "the marker on the host cannot be read")
    return Judgement(outcome=Outcome.CANNOT_TELL, text=text, evidence=evidence)


def _broken_off(facts: Facts, evidence: dict[str, Any]) -> Judgement:
    """The command died after it began. New workers, or a reboot, prove that the old ones are gone all the same.

    Where no worker ran before (an idle pool) their absence proves nothing.
    """
    before = ((facts.get("marker") or {}).get("before") or {}).get("workers")
    if before and not renewed(facts) and services_up(facts):
        return Judgement(
            outcome=Outcome.DONE,
            text=Text(
                "命令中断，但工作进程已全部更换且服务正常", "broken off, but all workers are new and services run"
            ),
            evidence=evidence,
        )
    text = Text("重启命令中途中断，状态不明", "the restart was broken off half-way")
    return Judgement(outcome=Outcome.CANNOT_TELL, text=text, evidence=evidence)


def proof(facts: Facts, pools: tuple[str, ...], *, warm: bool) -> Judgement:
    """Is it up again, by new workers? All must hold; what does not yet hold is said.

    `warm`: the site has answered since, so a worker must be there (IIS starts them at the first hit).
    """
    missing = [
        *_services_down(facts),
        *_stopped("pool", facts.get("pools"), pools),
        *_stopped("site", facts.get("sites")),
    ]
    missing += [f"worker {pid} of before still runs" for pid in renewed(facts)]
    if warm and not facts.get("workers"):
        missing.append("no worker process runs")
    missing += [f"WAS event {e['id']} at {e['at']}" for e in facts.get("was_events") or ()]
    if (facts.get("sql") or {}).get("reachable") is False:
        missing.append("the database server cannot be reached from the host")
    evidence = evidence_of(facts)
    if not missing:
        text = Text("服务、应用池、站点均已启动，工作进程已更换", "services, pools and sites run, by new workers")
        return Judgement(outcome=Outcome.DONE, text=text, evidence=evidence)
    text = Text(f"尚未恢复：{'；'.join(missing)}", f"not up yet: {'; '.join(missing)}")
    return Judgement(outcome=Outcome.RUNNING, text=text, evidence={**evidence, "missing": missing})


def renewed(facts: Facts) -> list[int]:
    """The pids of workers from before the restart that still run: same pid and same start. Empty is proof."""
    before = {(w["pid"], w["started"]) for w in ((facts.get("marker") or {}).get("before") or {}).get("workers") or ()}
    return [w["pid"] for w in facts.get("workers") or () if (w["pid"], w["started"]) in before]


def services_up(facts: Facts) -> bool:
    return not _services_down(facts)


def evidence_of(facts: Facts) -> dict[str, Any]:
    """The part of the facts that a person needs to agree, or to decide."""
    keys = (
        "host",
        "now",
        "boot",
        "services",
        "pools",
        "sites",
        "workers",
        "was_events",
        "sql",
        "phase",
        "alive",
        "marker",
    )
    return {k: facts[k] for k in keys if k in facts}


def _services_down(facts: Facts) -> list[str]:
    services = facts.get("services") or {}
    down = []
    for name in ("WAS", "W3SVC"):
        state = (services.get(name) or {}).get("state")
        if state != RUNNING:
            down.append(f"service {name} is {_STATES.get(state or 0, 'absent')}")
    return down


def _stopped(kind: str, states: dict[str, str] | None, only: tuple[str, ...] = ()) -> list[str]:
    states = states or {}
    absent = [f"{kind} {name} is absent" for name in only if name not in states]
    wanted = only or tuple(states)
    return absent + [
        f"{kind} {n} is {states[n] or 'unknown'}" for n in wanted if n in states and states[n] != "Started"
    ]
