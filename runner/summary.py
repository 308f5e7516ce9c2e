"""Say exactly which thing is in which state: for the outcome of a job, from its plan and how far it came."""

from typing import Any

from domain.operation import Step


def things(plan: tuple[Step, ...], reached: int, *, failed: bool = False) -> list[dict[str, Any]]:
    """For each thing that the plan changes, in order: done, untouched, or stopped at a step, with the steps done.

    So a server that failed before its restart is seen to be out of the load balancer: `"after": ["drain:app1"]`.
    """
    names = list(dict.fromkeys(name for s in plan for name in _names(s)))
    return [{"name": name, **_state(name, plan, reached, failed=failed)} for name in names]


def _state(name: str, plan: tuple[Step, ...], reached: int, *, failed: bool) -> dict[str, Any]:
    mine = [i for i, s in enumerate(plan) if name in _names(s)]
    if mine[-1] < reached:
        return {"state": "done"}
    after = [plan[i].key for i in mine if i < reached]
    if reached in mine and failed:
        return {"state": "failed", "at": plan[reached].key, "after": after}
    if mine[0] >= reached:
        return {"state": "untouched"}
    return {"state": "partly", "at": plan[min(reached, len(plan) - 1)].key, "after": after}


def _names(step: Step) -> list[str]:
    """A step may change several things at once: each of them has its own state."""
    return step.effect_on.split(", ") if step.effect_on else []
