"""`yunwei estate …`: check the estate file; write it for Ansible."""

import json

from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.session import Session, with_session

command = Group("estate", help="Check the estate file; write it for Ansible.")


@command.command(cls=Leaf)
@with_session
def check(session: Session, /) -> int:
    """Read the estate file as a start would. Every mistake is told at once, with its path and line."""
    from wiring import read_estate

    inventory, _ = read_estate(session.settings)
    estate = inventory.estate
    environments = sum(len(t.environments) for t in estate.tenants)
    counts = {"tenants": len(estate.tenants), "environments": environments, "hosts": len(estate.hosts)}
    session.screen.data({"file": str(session.settings.estate), **counts})
    session.screen.say(
        f"{session.settings.estate} 无误：{counts['tenants']} 个租户，{environments} 个环境，{counts['hosts']} 台主机",
        f"{session.settings.estate} is right: {counts['tenants']} tenants, {environments} environments, "
        f"{counts['hosts']} hosts",
    )
    return DONE


@command.command(cls=Leaf)
@with_session
def ansible(session: Session, /) -> int:
    """Print the estate as Ansible's inventory data (JSON, without secrets)."""
    from inventory.ansible import ansible_inventory
    from wiring import read_estate

    inventory, _ = read_estate(session.settings)
    data = ansible_inventory(inventory.estate)
    session.screen.data(data)
    session.screen.line(json.dumps(data, ensure_ascii=False, indent=2))
    return DONE
