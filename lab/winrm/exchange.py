"""One SOAP exchange: parse, play the wire's faults, perform, compose."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lab.machine import WirePoint
from lab.winrm import soap
from lab.winrm.actions import Call, Service, name_of, perform
from lab.winrm.faults import BUSY, INTERNAL, QUOTA_OPERATIONS, QUOTA_SHELLS, TOO_LARGE, Fault, Kind
from lab.winrm.shells import ClientGone
from lab.winrm.transcript import Transcript

log = logging.getLogger(__name__)

FAULTS: Final[dict[str, Kind]] = {
    "busy": BUSY,
    "quota_shells": QUOTA_SHELLS,
    "quota_operations": QUOTA_OPERATIONS,
}
# A fault can be asked for these only; reading the configuration always works.
FAULTY: Final = frozenset({"Create", "Command", "Receive", "Send", "Signal", "Delete"})


class Cut(Exception):
    """The wire breaks here: close without an answer."""


class Hang(Exception):
    """No answer until the client gives up."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, as the connection knows it."""

    user: str
    client_ip: str
    endpoint: str
    is_waited_for: Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An envelope with its HTTP status."""

    status: int
    envelope: bytes


def answer(service: Service, transcript: Transcript, data: bytes | None, caller: Caller) -> Answer:
    """The answer to an envelope; `data` None means it was larger than allowed. Raises Cut, Hang."""
    action, relates_to = "", ""
    try:
        request = _parsed(data)
        action, relates_to = request.action, request.message_id
        body = _performed(service, request, caller)
        result = Answer(status=200, envelope=soap.compose(action + "Response", relates_to, body))
        code = 0
    except Fault as fault:
        machine = _host(caller.endpoint)
        related = relates_to or fault.relates_to
        result = Answer(status=500, envelope=soap.compose(fault.kind.action, related, fault.body(machine)))
        code = fault.kind.code
    transcript.write(user=caller.user, action=name_of(action), status=result.status, fault=code)
    return result


def _host(endpoint: str) -> str:
    """The host in the address by which the client called us; any text may stand there."""
    host = endpoint.split("/")[2]
    return host.rpartition(":")[0] or host


def _parsed(data: bytes | None) -> soap.Request:
    if data is None:
        raise Fault(TOO_LARGE)
    return soap.parse(data)


def _performed(service: Service, request: soap.Request, caller: Caller) -> str:
    name = name_of(request.action)
    _play(service, name, "before")
    call = Call(
        request=request,
        user=caller.user,
        client_ip=caller.client_ip,
        endpoint=caller.endpoint,
        is_waited_for=caller.is_waited_for,
    )
    try:
        body = perform(service, call)
    except ClientGone:
        raise
    except Fault:
        _play(service, name, "after")
        raise
    except Exception as error:  # the host behind us broke: say so in the log, never as a traceback on the wire
        log.exception("%s failed on %s", name, service.machine.name)
        raise Fault(INTERNAL) from error
    _play(service, name, "after")
    return body


def _play(service: Service, name: str, point: WirePoint) -> None:
    """Raise what the host's fault switch says for this request at this point."""
    if name not in FAULTY:
        return
    fault = service.machine.wire_fault(name, point)
    if fault == "cut":
        raise Cut
    if fault == "hang":
        raise Hang
    if fault != "none":
        raise Fault(FAULTS[fault])
