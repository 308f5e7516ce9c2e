"""What the service does for each action, as a table: a request in, the content of s:Body out."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from lab.machine import Chunk, Machine, Process, Signal
from lab.winrm import faults
from lab.winrm.configuration import Configuration, configuration
from lab.winrm.faults import Fault
from lab.winrm.shells import MAX_OUTPUT_BYTES, Command, Shell, Shells
from lab.winrm.soap import RSP, Request, duration_s, new_id

TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"
CMD: Final = SHELL + "cmd"
CONFIG: Final = "http://schemas.microsoft.com/wbem/wsman/1/config"

IDLE_S: Final = 7200.0
LIFE_S: Final = 2147483.0  # MaxShellRunTime
ENVELOPE_OVERHEAD_BYTES: Final = 2048  # of a Receive answer without its streams
GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
STREAMS: Final = frozenset({"stdout", "stderr"})
SIGNALS: Final[dict[str, Signal]] = {"terminate": "terminate", "ctrl_c": "ctrl_c", "ctrl_break": "ctrl_break"}

CREATED: Final = (
    "<x:ResourceCreated><a:Address>%s</a:Address><a:ReferenceParameters><w:ResourceURI>%s</w:ResourceURI>"
    '<w:SelectorSet><w:Selector Name="ShellId">%s</w:Selector></w:SelectorSet></a:ReferenceParameters>'
    "</x:ResourceCreated>"
    '<rsp:Shell xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><rsp:ShellId>%s</rsp:ShellId>'
    "<rsp:ResourceUri>%s</rsp:ResourceUri><rsp:Owner>%s</rsp:Owner><rsp:ClientIP>%s</rsp:ClientIP>%s"
    "<rsp:IdleTimeOut>PT%.3fS</rsp:IdleTimeOut><rsp:InputStreams>%s</rsp:InputStreams>"
    "<rsp:OutputStreams>%s</rsp:OutputStreams><rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
    "<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>"
)
STREAM: Final = '<rsp:Stream Name="%s" CommandId="%s">%s</rsp:Stream>'
STREAM_END: Final = '<rsp:Stream Name="%s" CommandId="%s" End="true"></rsp:Stream>'
STATE: Final = '<rsp:CommandState CommandId="%s" State="' + SHELL + 'CommandState/%s">%s</rsp:CommandState>'


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request with what the connection knows about who asks."""

    request: Request
    user: str
    client_ip: str
    endpoint: str  # the address by which the client called us
    is_waited_for: Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class Service:
    """The host, its shells and its configuration: everything an action needs."""

    machine: Machine
    shells: Shells
    configuration: Configuration


def perform(service: Service, call: Call) -> str:
    """The content of s:Body for a call. Raises Fault, ClientGone."""
    action = ACTIONS.get(call.request.action)
    if action is None:
        raise Fault(faults.ACTION_UNKNOWN)
    expected = CONFIG if action is _get else CMD
    if call.request.resource != expected:
        raise Fault(faults.RESOURCE_UNKNOWN)
    return action(service, call)


def name_of(action: str) -> str:
    """The short name of an action address, such as Create; the address itself when it is none of ours."""
    return action.rpartition("/")[2] if action in ACTIONS else action


def _get(service: Service, _call: Call) -> str:
    return configuration(service.configuration)


def _create(service: Service, call: Call) -> str:
    asked = _child(call.request.body, "Shell")
    shell = Shell(
        owner=call.user,
        codepage=_codepage(service, call),
        environment={v.get("Name") or "": v.text or "" for v in asked.findall(f"{RSP}Environment/{RSP}Variable")},
        folder=asked.findtext(f"{RSP}WorkingDirectory") or "",
        idle_s=_seconds(asked, "IdleTimeOut", IDLE_S),
        life_s=_seconds(asked, "Lifetime", LIFE_S),
    )
    service.shells.open(_id(asked.get("ShellId")), shell)
    streams = [escape(asked.findtext(f"{RSP}{name}") or "") for name in ("InputStreams", "OutputStreams")]
    who = (shell.id, CMD, escape(shell.owner), escape(call.client_ip))
    return CREATED % (escape(call.endpoint), CMD, shell.id, *who, _echo(shell), shell.idle_s, *streams)


def _command(service: Service, call: Call) -> str:
    shell = service.shells.find(call.request.shell_id, call.user)
    line = _child(call.request.body, "CommandLine")
    command_id = _id(line.get("CommandId"))
    if command_id in shell.commands:
        raise Fault(faults.BAD_PARAMETER)
    words = [line.findtext(f"{RSP}Command") or "", *(a.text or "" for a in line.findall(f"{RSP}Arguments"))]
    process = _start(service, call, shell, " ".join(words).strip())
    shell.commands[command_id] = Command(command_id, process)
    return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"


def _receive(service: Service, call: Call) -> str:
    shell = service.shells.find(call.request.shell_id, call.user)
    desired = _child(_child(call.request.body, "Receive"), "DesiredStream")
    streams = (desired.text or "").split()
    command = shell.command(_required(desired.get("CommandId")))
    if not streams or not STREAMS.issuperset(streams):
        raise Fault(faults.BAD_PARAMETER)

    def is_waited_for() -> bool:
        shell.touch()  # a shell with a waiting Receive is not idle
        return call.is_waited_for()

    room = min(MAX_OUTPUT_BYTES * 4 // 3, call.request.max_envelope_bytes - ENVELOPE_OVERHEAD_BYTES)
    output = command.receive(
        streams, timeout_s=call.request.timeout_s, budget_bytes=max(room, 1024), is_waited_for=is_waited_for
    )
    if output is None:
        raise Fault(faults.TIMED_OUT)
    return _received(command.id, streams, output.chunks, output.exit_code)


def _send(service: Service, call: Call) -> str:
    shell = service.shells.find(call.request.shell_id, call.user)
    for stream in _child(call.request.body, "Send").iterfind(f"{RSP}Stream"):
        command = shell.command(_required(stream.get("CommandId")))
        if stream.get("Name") != "stdin":
            raise Fault(faults.BAD_PARAMETER)
        try:
            data = base64.b64decode("".join((stream.text or "").split()), validate=True)
            command.process.write(data, end=(stream.get("End") or "").lower() in ("true", "1"))
        except (binascii.Error, ValueError) as error:
            raise Fault(faults.BAD_PARAMETER) from error
        except OSError as error:
            raise Fault(faults.PIPE_ENDED) from error
    return "<rsp:SendResponse/>"


def _signal(service: Service, call: Call) -> str:
    shell = service.shells.find(call.request.shell_id, call.user)
    asked = _child(call.request.body, "Signal")
    command = shell.command(_required(asked.get("CommandId")))
    code = (asked.findtext(f"{RSP}Code") or "").strip().rpartition("/")[2].lower()
    if code not in SIGNALS:
        raise Fault(faults.BAD_PARAMETER)
    if not command.done:
        command.process.signal(SIGNALS[code])
    if command.done or code == "terminate":  # a waiting Receive still gets the end, a new one does not
        shell.commands.pop(command.id, None)
    return "<rsp:SignalResponse/>"


def _delete(service: Service, call: Call) -> str:
    service.shells.close(service.shells.find(call.request.shell_id, call.user))
    return ""


ACTIONS: Final[dict[str, Callable[[Service, Call], str]]] = {
    TRANSFER + "Get": _get,
    TRANSFER + "Create": _create,
    TRANSFER + "Delete": _delete,
    SHELL + "Command": _command,
    SHELL + "Receive": _receive,
    SHELL + "Send": _send,
    SHELL + "Signal": _signal,
}


def _start(service: Service, call: Call, shell: Shell, line: str) -> Process:
    if not line:
        raise Fault(faults.BAD_PARAMETER)
    skip = call.request.options.get("WINRS_SKIP_CMD_SHELL", "").lower() in ("true", "1")
    try:
        return service.machine.start(
            line,
            user=call.user,
            codepage=shell.codepage,
            skip_cmd_shell=skip,
            environment=shell.environment,
            folder=shell.folder,
        )
    except FileNotFoundError as error:
        raise Fault(faults.NO_SUCH_FILE) from error
    except PermissionError as error:
        raise Fault(faults.ACCESS_DENIED) from error


def _received(command_id: str, streams: list[str], chunks: tuple[Chunk, ...], exit_code: int | None) -> str:
    parts = [STREAM % (chunk.stream, command_id, base64.b64encode(chunk.data).decode()) for chunk in chunks]
    if exit_code is None:
        parts.append(STATE % (command_id, "Running", ""))
    else:
        parts += [STREAM_END % (stream, command_id) for stream in streams]
        parts.append(STATE % (command_id, "Done", f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>"))
    return f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"


def _echo(shell: Shell) -> str:
    """Environment and folder come back in the answer; lifetime and name do not."""
    return "".join(_echoed(shell))


def _echoed(shell: Shell) -> Iterator[str]:
    if shell.environment:
        pairs = (f"<rsp:Variable Name={quoteattr(k)}>{escape(v)}</rsp:Variable>" for k, v in shell.environment.items())
        yield f"<rsp:Environment>{''.join(pairs)}</rsp:Environment>"
    if shell.folder:
        yield f"<rsp:WorkingDirectory>{escape(shell.folder)}</rsp:WorkingDirectory>"


def _codepage(service: Service, call: Call) -> int:
    text = call.request.options.get("WINRS_CODEPAGE")
    if text is None:
        return service.machine.default_codepage()
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise Fault(faults.BAD_PARAMETER)
    return int(text)


def _seconds(parent: Element, name: str, default: float) -> float:
    text = parent.findtext(f"{RSP}{name}")
    if text is None:
        return default
    seconds = duration_s(text.strip())
    if not seconds:
        raise Fault(faults.BAD_PARAMETER)
    return min(seconds, LIFE_S)


def _child(parent: Element, name: str) -> Element:
    child = parent.find(f"{RSP}{name}")
    if child is None:
        raise Fault(faults.BAD_PARAMETER)
    return child


def _required(text: str | None) -> str:
    if not text:
        raise Fault(faults.BAD_PARAMETER)
    return text


def _id(asked: str | None) -> str:
    """The id a client asked for, or a new one."""
    if asked is None:
        return new_id()
    if GUID.fullmatch(asked) is None:
        raise Fault(faults.BAD_PARAMETER)
    return asked.upper()
