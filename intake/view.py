"""How a request, an event, a decision look outside: one shape for the API, the command line and the feed."""

from typing import Any

from domain.catalog import Catalog
from domain.errors import NotFound
from domain.event import Event
from domain.job import LABELS, REQUEST_LABELS, Job, State
from domain.operation import Operation
from domain.parameters import schema
from domain.places import Estate, Place
from domain.text import Text
from intake.attach import Attachment
from intake.messages import Message
from intake.people import Account, masked
from intake.read import Item
from intake.submit import Answer, Check


def of_item(item: Item, catalog: Catalog) -> dict[str, Any]:
    """A request with its job."""
    request, job = item.request, item.job
    operation = _known(catalog, request.operation)
    title = operation.title if operation else Text(request.operation, request.operation)
    state, execution = item.request_state, execution_label(operation, job.state)
    return {
        "number": request.number,
        "version": request.version,
        "rev": job.rev,
        "operation": {"name": request.operation, "title": title.as_dict()},
        "place": request.place,
        "tenant": request.tenant,
        "params": request.params,
        "description": request.description,
        "email": request.email,
        "state": {"name": state.value, "label": REQUEST_LABELS[state].as_dict()},
        "execution": {"name": job.state.value, "label": execution.as_dict(), **_work(job)},
        "planned_at": request.planned_at.isoformat(),
        "asked_at": job.asked_at.isoformat() if job.asked_at else None,
        "asked_by": job.asked_by,
        "opinion": job.opinion,
        "rating": job.rating,
    }


def execution_label(operation: type[Operation] | None, state: State) -> Text:
    """The operation's own word for a state (等待重启中), or the common one."""
    return operation.traits.words.get(state.value, LABELS[state]) if operation else LABELS[state]


def _known(catalog: Catalog, name: str) -> type[Operation] | None:
    """None if only an earlier version knew it: what was asked of that one stays readable."""
    try:
        return catalog.get(name)
    except NotFound:
        return None


def of_answer(answer: Answer) -> dict[str, Any]:
    return {
        "number": answer.number,
        "state": answer.state.value,
        "planned_at": answer.planned_at.isoformat(),
        "decision": answer.decision,
    }


def of_check(check: Check) -> dict[str, Any]:
    return {
        "operation": check.operation,
        "place": check.place,
        "planned_at": check.planned_at.isoformat() if check.planned_at else None,
        "decision": check.decision.as_dict(),
        "slots": [s.isoformat() for s in check.slots],
        "steps": [s.as_dict() for s in check.steps],
        "estimate_s": check.estimate.total_seconds(),
        "warning": check.warning.as_dict() if check.warning else None,
    }


def of_event(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "job": event.job,
        "tenant": event.tenant,
        "kind": event.kind.value,
        "actor": event.actor,
        "facts": dict(event.facts),
    }


def of_attachment(attachment: Attachment) -> dict[str, Any]:
    """What is known of a file, without its content."""
    return {
        "id": attachment.id,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
        "added_by": attachment.added_by,
        "added_at": attachment.added_at.isoformat(),
    }


def of_message(message: Message) -> dict[str, Any]:
    """What is known of a message, without what it says."""
    plain = ("id", "message_id", "job", "tenant", "kind", "channel", "recipient", "state", "attempts")
    times = ("next_at", "created_at", "sent_at")
    return {
        **{k: getattr(message, k) for k in plain},
        "subject": message.subject.as_dict(),
        "error": message.error.as_dict() if message.error else None,
        **{k: at.isoformat() if (at := getattr(message, k)) else None for k in times},
    }


def of_account(account: Account) -> dict[str, Any]:
    """An account; its phone is known by its last four digits."""
    return {
        "name": account.name,
        "tenant": account.tenant,
        "roles": sorted(r.value for r in account.roles),
        "active": account.active,
        "email": account.email,
        "phone": masked(account.phone),
    }


def of_operation(operation: type[Operation]) -> dict[str, Any]:
    """An operation as a form or a manual page needs it."""
    traits = operation.traits
    return {
        "name": operation.name,
        "title": operation.title.as_dict(),
        "about": " ".join((operation.__doc__ or "").split()),
        "target": traits.target.value,
        "interrupts_users": traits.interrupts_users,
        "accepted": traits.accepted,
        "needs": sorted(traits.needs),
        "roles": sorted(r.value for r in traits.roles),
        "grace_s": traits.grace.total_seconds(),
        "params": schema(operation),
    }


def of_place(place: Place) -> dict[str, Any]:
    here = place.environment
    return {
        "path": place.path,
        "title": place.title,
        "tenant": place.tenant.name,
        "kind": "data-center" if place.data_center else "environment",
        "environment": here.kind.value,
        "entitlements": sorted(here.entitlements),
        "hosts": [h.name for h in here.app_hosts],
        "zone": str(place.tenant.zone),
    }


def places_of(estate: Estate, tenant: str | None) -> list[dict[str, Any]]:
    """The places somebody of this tenant (None: of the provider) may know of."""
    return [of_place(p) for p in estate.places.values() if tenant in (None, p.tenant.name)]


def _work(job: Job) -> dict[str, Any]:
    return {
        "percent": job.percent,
        "attempts": job.tries,
        "due_at": job.due_at.isoformat(),
        "latest_start": job.latest_start.isoformat(),
        "blocked_by": job.blocked_by,
        "worker": job.worker,
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "stop_asked_by": job.stop_asked_by,
        "outcome": job.outcome,
    }
