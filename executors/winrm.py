"""The wire to a Windows host: a script of ours, run once over WinRM.

Before the command has left, trouble is Unreachable or Denied and may be tried again. From then on the command is never
sent again: listening is resumed on the same shell, and if that fails the outcome is unknown, Severed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from domain.command import Call, Command, PowerShell, Reading
from domain.errors import Denied, Severed, Trouble
from domain.places import Host
from domain.secret import Secret, SecretRef
from domain.text import Text
from executors.winrm_link import Limits, Link
from executors.winrm_pool import Pool
from executors.winrm_script import stdin_pieces
from executors.winrm_talk import Talk, Watch
from executors.winrm_trouble import FINAL, NOT_STARTED, WireError, severed, unsent


class WinRMExecutor:
    """Carries `PowerShell`. `stop_tree` is the script that ends a process tree and says whether it is gone."""

    def __init__(
        self,
        hosts: Callable[[str], Host],
        secrets: Callable[[SecretRef], Secret],
        *,
        stop_tree: str,
        limits: Limits | None = None,
    ) -> None:
        self._hosts = hosts
        self._secrets = secrets
        self._stop_tree = stop_tree
        self._limits = limits or Limits()
        self._pool = Pool()

    def run(self, command: Command, call: Call) -> Reading:
        """Run the script once. Raises as `domain.command.Executor` says, and Mistake (too large to send)."""
        if not isinstance(command, PowerShell):
            raise TypeError(f"the WinRM executor cannot carry {type(command).__name__}")
        pieces = stdin_pieces(command)
        host, secret = self._address(command)
        return self._carry(host, secret, pieces, Watch(call, secret))

    def close(self) -> None:
        """Close the shells and connections that wait for a next command."""
        self._pool.close()

    def _address(self, command: PowerShell) -> tuple[Host, Secret]:
        """Where to, and with which password. Nothing has been sent yet, and what goes wrong here says so."""
        try:
            host = self._hosts(command.host)
            _refuse_unsafe(host)
            return host, self._secrets(host.winrm.password)
        except Trouble as trouble:
            trouble.facts["started"] = False
            raise

    def _carry(self, host: Host, secret: Secret, pieces: list[bytes], watch: Watch) -> Reading:
        link, talk = self._converse(host, secret, pieces, watch)
        if talk.exit_code is None:
            return self._end(talk, link, host, secret, watch)
        if talk.free():
            self._pool.give((host, secret), link)
        else:
            link.hang_up()
        return talk.reading(host, secret)

    def _converse(self, host: Host, secret: Secret, pieces: list[bytes], watch: Watch) -> tuple[Link, Talk]:
        link, command_id = self._start(host, secret, watch)
        talk = Talk(link, command_id, watch, self._limits)
        try:
            talk.hold(pieces)
        except WireError as cause:
            link.hang_up()  # not close: deleting the shell would kill what may be running well
            raise severed(cause, host, secret) from cause
        return link, talk

    def _start(self, host: Host, secret: Secret, watch: Watch) -> tuple[Link, str]:
        """A link and the id of the command just started on it. Tries again only while it is certain nothing started."""
        trouble: WireError | None = None
        for attempt in range(self._limits.connects):
            if watch.over():
                break
            link = self._pool.take((host, secret)) or Link(host, secret, self._limits)
            try:
                link.ready()
                return link, link.start()
            except WireError as cause:
                _let_go(link, cause, host, secret)
                trouble = cause
            if trouble.kind in FINAL:
                break
            watch.pause(self._limits.pause_s * 2**attempt)
        if trouble is None or (watch.over() and trouble.kind not in FINAL):
            raise watch.ending(host, started=False)
        raise unsent(trouble, host, secret) from trouble

    def _end(self, talk: Talk, link: Link, host: Host, secret: Secret, watch: Watch) -> Reading:
        """End the command and make sure that it is gone. One that ended well by itself meanwhile is simply done."""
        talk.end()
        ended = talk.has_ended_well or talk.never_began or self._gone(talk.transcript.process, host, secret)
        link.close()
        if talk.has_ended_well:
            return talk.reading(host, secret)
        if ended:
            raise watch.ending(host, started=True)
        zh = f"{host.path}：已要求终止远程进程，但无法确认它已结束；请到主机上查看。"
        en = f"{host.path}: the remote process was told to end, but that could not be verified; look at the host."
        raise Severed(Text(zh, en), host=host.path, cause="not-verified", action="Signal", started=True)

    def _gone(self, process: dict[str, Any] | None, host: Host, secret: Secret) -> bool:
        """Ask from a second shell, over a connection of its own, whether the process is gone, and end it if not."""
        if process is None:
            return False
        errand = PowerShell(host=host.path, script=self._stop_tree, args=process)
        watch = Watch(_Errand(self._limits.stop_s), secret)
        try:
            link, talk = self._converse(host, secret, stdin_pieces(errand), watch)
            link.close()
            return talk.reading(host, secret).facts.get("alive") is False
        except Trouble:
            return False


class _Errand:
    """A call of our own: nobody watches it and nobody stops it but the clock."""

    max_bytes = 64 * 1024

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s

    def say(self, stream: str, line: str) -> None:
        """Nobody listens."""

    def progress(self, percent: float, **facts: Any) -> None:
        """Nobody watches."""

    def part(self, number: int, facts: Mapping[str, Any]) -> None:
        """Nobody reads."""

    def stop_asked(self) -> bool:
        return False

    def on_stop(self, wake: Callable[[], None]) -> None:
        """Nobody asks."""


def _refuse_unsafe(host: Host) -> None:
    """Refuse, before anything is sent, to show a password or a command to the network. Unknown transports too."""
    wire = host.winrm
    if wire.transport == "ntlm" or (wire.transport == "basic" and wire.tls):
        return
    zh = f"{host.path}：不使用 {wire.transport}（TLS：{wire.tls}）；请用 ntlm，或 basic 加 HTTPS"
    en = f"{host.path}: {wire.transport} with TLS {wire.tls} is not used; choose ntlm, or basic over HTTPS"
    raise Denied(Text(zh, en), host=host.path, cause="unsafe-transport")


def _let_go(link: Link, cause: WireError, host: Host, secret: Secret) -> None:
    """Part with a link that could not start the command. Raises Severed if it is not certain that it did not."""
    if cause.action != "Command":
        link.hang_up()  # no shell, or none in reach: the host reaps it
    elif cause.kind in NOT_STARTED:
        link.close()
    else:
        link.hang_up()
        raise severed(cause, host, secret) from cause
