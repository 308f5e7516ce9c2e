"""iisreset, sc and net: what they do to the services, and what they say."""

from lab.host.services import ALREADY_RUNNING, CANNOT_CONTROL, NO_SUCH, NOT_STARTED, OK, Service, State
from lab.host.session import Session
from lab.host.texts import say

NAMES = {1: "STOPPED", 2: "START_PENDING", 3: "STOP_PENDING", 4: "RUNNING"}
ACCESS_DENIED = 5
DENIED, NOT_TIMELY, NO_CONTROL = "80070005", "8007041d", "80070425"
RESTART_LIMIT, STOP_LIMIT = 20, 60  # seconds of Windows, the defaults of iisreset
NET_WAIT_S = 30.0


class Refused(Exception):
    """iisreset gave up with this HRESULT (eight hex digits)."""


def tell(session: Session, key: str, *details: object) -> None:
    """Say a text on standard output in the host's language."""
    session.out(say(session.world.spec.os_lang, key, *details))


def denied(session: Session) -> bool:
    """True when a fault takes the right to control services away."""
    return session.world.faults.take("access_denied", what="control") is not None


def iisreset(session: Session, words: list[str]) -> int:
    """`iisreset [/restart|/start|/stop|/status] [/timeout:s] [/noforce]`."""
    options = [word.lower() for word in words]
    acts = [option for option in options if option in ("/restart", "/start", "/stop", "/status")]
    limits = [option[9:] for option in options if option.startswith("/timeout:")]
    known = [*acts, *(f"/timeout:{limit}" for limit in limits if limit.isdigit()), "/noforce"]
    if len(acts) > 1 or any(option not in known for option in options):
        session.out(f"lab: iisreset does not know {' '.join(words)}\r\n")
        return 87
    act = acts[0] if acts else "/restart"
    if act == "/status":
        return _status(session)
    limit = int(limits[0]) if limits else (STOP_LIMIT if act == "/stop" else RESTART_LIMIT)
    return _reset(session, act, limit * session.world.spec.timing.second_s, force="/noforce" not in options)


def _reset(session: Session, act: str, limit_s: float, *, force: bool) -> int:
    name = act[1:]
    try:
        if denied(session):
            raise Refused(DENIED)
        if act in ("/restart", "/stop"):
            tell(session, "stop_try")
            _stop_web(session, name, limit_s, force=force)
            tell(session, "stop_ok")
        if act in ("/restart", "/start"):
            tell(session, "start_try")
            _start_web(session, name, limit_s)
            tell(session, f"{name}_ok")
    except Refused as refusal:
        code = str(refusal)
        tell(session, f"{name}_failed")
        tell(session, code)
        session.out(f"({int(code, 16)}, {code})\r\n\r\n")
        return 1
    return 0


def _stop_web(session: Session, name: str, limit_s: float, *, force: bool) -> None:
    services = session.world.services
    if name == "restart" and session.world.faults.take("wrong_answer"):
        return
    with session.acting():
        if services.stop("W3SVC") == CANNOT_CONTROL:
            raise Refused(NO_CONTROL)
        session.record("iisreset" if name == "restart" else "iis-stop")
    session.point("during", "iisreset")
    _await_stopped(session, "W3SVC", limit_s, force=force)
    with session.acting():
        stopping = services.stop("WAS") == OK
    if stopping:
        _await_stopped(session, "WAS", limit_s, force=force)


def _await_stopped(session: Session, name: str, limit_s: float, *, force: bool) -> None:
    services = session.world.services
    if session.wait(lambda: services.state(name) is State.STOPPED, limit_s):
        return
    if not force or services.held(name):
        raise Refused(NOT_TIMELY)
    services.force_stop(name)


def _start_web(session: Session, name: str, limit_s: float) -> None:
    services = session.world.services
    with session.acting():
        refusal = services.start("W3SVC")
        if refusal == CANNOT_CONTROL:
            raise Refused(NO_CONTROL)
        if name == "start" and refusal == OK:
            session.record("iis-start")
    settled = session.wait(lambda: services.state("W3SVC") in (State.RUNNING, State.STOPPED), limit_s)
    if not settled or services.state("W3SVC") is State.STOPPED:
        raise Refused(NOT_TIMELY)


def _status(session: Session) -> int:
    for name in ("WAS", "W3SVC"):
        service = session.world.services.find(name)
        if service:
            state = NAMES[service.state].replace("_PENDING", " Pending").capitalize()
            tell(session, "iis_status", service.display, service.name, state)
    return 0


def sc(session: Session, words: list[str]) -> int:
    """`sc query|queryex [name]`, `sc start name`, `sc stop name`."""
    verb = words[0].lower() if words else ""
    if verb in ("query", "queryex") and len(words) <= 2:
        return _sc_query(session, words[1:], extended=verb == "queryex")
    if verb in ("start", "stop") and len(words) == 2:
        return _sc_control(session, verb, words[1])
    session.out(f"lab: sc does not know {' '.join(words)}\r\n")
    return 87


def _sc_query(session: Session, names: list[str], *, extended: bool) -> int:
    services = session.world.services
    found = [services.find(name) for name in names] if names else services.all()
    for service in found:
        if service is None:
            return _sc_failed(session, "EnumQueryServicesStatus:OpenService", NO_SUCH)
        _sc_show(session, service, extended=extended)
    return 0


def _sc_show(session: Session, service: Service, *, extended: bool) -> None:
    session.out(f"\r\nSERVICE_NAME: {service.name}\r\n")
    session.out("        TYPE               : 20  WIN32_SHARE_PROCESS  \r\n")
    session.out(f"        STATE              : {int(service.state)}  {NAMES[service.state]} \r\n")
    session.out("        WIN32_EXIT_CODE    : 0  (0x0)\r\n        SERVICE_EXIT_CODE  : 0  (0x0)\r\n")
    session.out("        CHECKPOINT         : 0x0\r\n        WAIT_HINT          : 0x0\r\n")
    if extended:
        session.out(f"        PID                : {service.pid}\r\n        FLAGS              : \r\n")


def _sc_control(session: Session, verb: str, name: str) -> int:
    services = session.world.services
    if denied(session):
        return _sc_failed(session, "OpenService", ACCESS_DENIED)
    service = services.find(name)
    if service is None:
        return _sc_failed(session, "OpenService", NO_SUCH)
    code = _control(session, verb, service)
    if code != OK:
        return _sc_failed(session, "StartService" if verb == "start" else "ControlService", code)
    _sc_show(session, service, extended=verb == "start")
    return 0


def _control(session: Session, verb: str, service: Service) -> int:
    services = session.world.services
    with session.acting():
        code = services.start(service.name) if verb == "start" else services.stop(service.name)
        if code == OK:
            session.record(f"service-{verb}", service=service.name)
    return code


def _sc_failed(session: Session, call: str, code: int) -> int:
    lang = session.world.spec.os_lang
    session.out(say(lang, "sc_failed", call, code, say(lang, str(code))))
    return code


def net(session: Session, words: list[str]) -> int:
    """`net start name`, `net stop name [/y]`; waits for the service."""
    verb = words[0].lower() if words else ""
    rest = [word for word in words[1:] if word.lower() != "/y"]
    if verb not in ("start", "stop") or len(rest) != 1:
        session.out(f"lab: net does not know {' '.join(words)}\r\n")
        return 1
    service = session.world.services.find(rest[0])
    if service is None:
        return _net_failed(session, "net_2185", 2185)
    if denied(session):
        session.err(say(session.world.spec.os_lang, "denied"))
        return 2
    return (
        _net_start(session, service) if verb == "start" else _net_stop(session, service, yes=len(rest) < len(words) - 1)
    )


def _net_start(session: Session, service: Service) -> int:
    code = _control(session, "start", service)
    if code == ALREADY_RUNNING:
        return _net_failed(session, "net_2182", 2182)
    tell(session, "net_starting", service.display)
    settled = (State.RUNNING, State.STOPPED)
    if not session.wait(lambda: service.state in settled, NET_WAIT_S) or service.state is State.STOPPED:
        return _net_failed(session, "net_2186", 2186)
    tell(session, "net_started", service.display)
    return 0


def _net_stop(session: Session, service: Service, *, yes: bool) -> int:
    dependents = session.world.services.dependents(service.name)
    if dependents and not yes:
        tell(session, "net_dependents", service.display)
        session.err(say(session.world.spec.os_lang, "net_no_answer"))
        return 2
    for each in [*dependents, service]:
        code = _control(session, "stop", each)
        if code == NOT_STARTED:
            return _net_failed(session, "net_3521", 3521, each.display)
        if code != OK:
            return _net_failed(session, "net_2186", 2186)
        tell(session, "net_stopping", each.display)
        if not session.wait(lambda each=each: each.state is State.STOPPED, NET_WAIT_S):  # type: ignore[misc]
            return _net_failed(session, "net_2186", 2186)
        tell(session, "net_stopped", each.display)
    return 0


def _net_failed(session: Session, key: str, number: int, *details: object) -> int:
    lang = session.world.spec.os_lang
    session.err(say(lang, key, *details))
    session.err(say(lang, "net_help", number))
    return 2
