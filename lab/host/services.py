"""The service control manager: states, pending times, dependencies, pids."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from lab.host.faults import FaultBook
from lab.host.processes import KILLED, ProcessTable
from lab.host.spec import Timing

# Win32 error numbers the manager answers with; 0 is success.
OK, DEPENDENTS_RUNNING, ALREADY_RUNNING, NO_SUCH, CANNOT_CONTROL, NOT_STARTED = 0, 1051, 1056, 1060, 1061, 1062


class State(IntEnum):
    """As System.ServiceProcess.ServiceControllerStatus counts them."""

    STOPPED = 1
    START_PENDING = 2
    STOP_PENDING = 3
    RUNNING = 4


PENDING = (State.START_PENDING, State.STOP_PENDING)


@dataclass
class Service:
    """One service. `turn` rises with every change, so that a timer of an earlier turn does nothing."""

    name: str
    display: str
    needs: str | None = None
    state: State = State.STOPPED
    pid: int = 0
    turn: int = 0


def _installed() -> dict[str, Service]:
    services = (
        Service("WAS", "Windows Process Activation Service"),
        Service("W3SVC", "World Wide Web Publishing Service", needs="WAS"),
        Service("WinRM", "Windows Remote Management (WS-Management)"),
    )
    return {service.name.upper(): service for service in services}


class Services:
    """Starts and stops services in their time. `told` hears of each new state, with the lock held."""

    def __init__(
        self,
        changed: threading.Condition,
        processes: ProcessTable,
        faults: FaultBook,
        timing: Timing,
        told: Callable[[str, State], None],
    ) -> None:
        self._changed = changed
        self._processes = processes
        self._faults = faults
        self._timing = timing
        self._told = told
        self._held: set[str] = set()
        self._services = _installed()

    def find(self, name: str) -> Service | None:
        """The service of that name, in any case."""
        return self._services.get(name.upper())

    def state(self, name: str) -> State:
        """The state of a service that exists."""
        with self._changed:
            return self._services[name.upper()].state

    def all(self) -> list[Service]:
        """Every service."""
        return list(self._services.values())

    def stop(self, name: str) -> int:
        """Send the stop control; the service stops later. Answers a Win32 error number."""
        with self._changed:
            service = self.find(name)
            refusal = self._why_not_stop(service)
            if service is None or refusal:
                return refusal
            self._set(service, State.STOP_PENDING)
            if name.upper() == "W3SVC" and self._faults.take("service_stuck", at="stop"):
                self._held.add(service.name)
            else:
                self._later(service, self._timing.service_stop_s + self._extra_s("stop"), State.STOPPED)
            return OK

    def start(self, name: str) -> int:
        """Start a service after the one it needs. Answers a Win32 error number."""
        with self._changed:
            service = self.find(name)
            if service is None:
                return NO_SUCH
            if service.state in PENDING:
                return CANNOT_CONTROL
            if service.state is State.RUNNING:
                return ALREADY_RUNNING
            wait_s = self._start_needed(service)
            if wait_s is None:
                return CANNOT_CONTROL
            self._set(service, State.START_PENDING)
            stuck = name.upper() == "W3SVC" and self._faults.take("service_stuck", at="start")
            after_s = wait_s + self._timing.service_start_s + self._extra_s("start")
            self._later(service, after_s, State.STOPPED if stuck else State.RUNNING)
            return OK

    def held(self, name: str) -> bool:
        """True while a fault holds the service in STOP_PENDING, whatever is done to it."""
        return name.upper() in self._held

    def force_stop(self, name: str) -> None:
        """End the service's process: it is stopped at once."""
        with self._changed:
            self._set(self._services[name.upper()], State.STOPPED)

    def boot(self) -> None:
        """All services up at once, as after Windows has started."""
        with self._changed:
            for service in self._services.values():
                self._set(service, State.RUNNING)

    def halt(self) -> None:
        """All services gone at once."""
        with self._changed:
            self._held.clear()
            for service in reversed(self._services.values()):
                self._set(service, State.STOPPED)

    def release(self) -> None:
        """A service that was held in STOP_PENDING by a fault stops now."""
        with self._changed:
            for name in tuple(self._held):
                self._held.discard(name)
                self._set(self._services[name], State.STOPPED)

    def dependents(self, name: str) -> list[Service]:
        """The services that need this one and are not stopped."""
        needy = [service for service in self._services.values() if service.needs == name.upper()]
        return [service for service in needy if service.state is not State.STOPPED]

    def _why_not_stop(self, service: Service | None) -> int:
        if service is None:
            return NO_SUCH
        if service.state in PENDING:
            return CANNOT_CONTROL
        if service.state is State.STOPPED:
            return NOT_STARTED
        return DEPENDENTS_RUNNING if self.dependents(service.name) else OK

    def _start_needed(self, service: Service) -> float | None:
        needed = self.find(service.needs) if service.needs else None
        if needed is None or needed.state is State.RUNNING:
            return 0.0
        if needed.state is State.STOP_PENDING:
            return None
        if needed.state is State.STOPPED:
            self._set(needed, State.START_PENDING)
            self._later(needed, self._timing.service_start_s, State.RUNNING)
        return self._timing.service_start_s

    def _extra_s(self, where: str) -> float:
        slow = self._faults.take("slow", where=where)
        return slow.seconds() if slow else 0.0

    def _later(self, service: Service, seconds: float, state: State) -> None:
        timer = threading.Timer(seconds, self._arrive, (service, service.turn, state))
        timer.daemon = True
        timer.start()

    def _arrive(self, service: Service, turn: int, state: State) -> None:
        with self._changed:
            if service.turn == turn:
                self._set(service, state)

    def _set(self, service: Service, state: State) -> None:
        service.state, service.turn = state, service.turn + 1
        if state is State.STOPPED and service.pid:
            self._processes.end(service.pid, KILLED)
            service.pid = 0
        elif state in (State.START_PENDING, State.RUNNING) and not service.pid:
            service.pid = self._processes.begin("svchost.exe").pid
        self._told(service.name, state)
        self._changed.notify_all()
