"""One command on the wire after it was started: feed it, listen to it, end it, and say what came of it."""

import math
import threading
import time
from contextlib import suppress
from typing import Final

from domain.command import Call, Reading
from domain.errors import Broke, Denied, Stopped, TimedOut, Trouble
from domain.places import Host
from domain.secret import Secret, mask
from domain.text import Text
from executors.winrm_link import Limits, Link
from executors.winrm_output import Transcript
from executors.winrm_trouble import ANSWERED, FINAL, Kind, WireError, severed

_TAIL_CHARS: Final = 2000
_LAST_WORDS_S: Final = 1
# Codes and type names, never sentences: hosts speak Chinese or English.
_DENIED: Final = ("UnauthorizedAccess", "PermissionDenied", "80070005", "SecurityException")


class Watch:
    """A call as the wire needs it: our own wall clock, the stop signal, and output without secrets."""

    def __init__(self, call: Call, secret: Secret) -> None:
        self._call = call
        self._secret = secret
        self._ends = time.monotonic() + call.timeout_s
        self._wake = threading.Event()
        self.max_bytes = call.max_bytes
        call.on_stop(self._wake.set)

    @property
    def left_s(self) -> float:
        return self._ends - time.monotonic()

    def over(self) -> bool:
        """True once the command is to be ended, by request or by the clock."""
        return self._call.stop_asked() or self.left_s <= 0

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the time nor past a stop request."""
        self._wake.wait(max(0.0, min(seconds, self.left_s)))

    def say(self, stream: str, line: str) -> None:
        self._call.say(stream, mask(line, (self._secret,)))

    def ending(self, host: Host, *, started: bool) -> Trouble:
        """The error that says why the command ended; it is known to run no more."""
        if self._call.stop_asked():
            how = ("远程进程已结束并已确认", "the remote process was ended, and that was verified")
            zh, en = how if started else ("尚未发送任何命令", "nothing had been sent")
            text = Text(f"{host.path}：已按请求停止，{zh}。", f"{host.path}: stopped on request; {en}.")
            return Stopped(text, host=host.path, started=started)
        limit = f"{self._call.timeout_s:g}"
        zh = f"{host.path}：{limit} 秒内未完成，已终止。可查看主机负载，或提高该步骤的时限。"
        en = f"{host.path}: not done in {limit} s, and ended. See what keeps the host busy, or allow more time."
        return TimedOut(Text(zh, en), host=host.path, timeout_s=self._call.timeout_s, started=started)


class Talk:
    """The exchanges about one started command. It is never sent again; only listening is repeated."""

    def __init__(self, link: Link, command_id: str, watch: Watch, limits: Limits) -> None:
        self._link = link
        self._id = command_id
        self._watch = watch
        self._limits = limits
        self._breaks = 0
        self._gap = False
        self.exit_code: int | None = None
        self.transcript = Transcript(watch.say, watch.max_bytes)

    def hold(self, pieces: list[bytes]) -> None:
        """Feed the command and listen until it ends (`exit_code` is set) or is to be ended (it is None)."""
        self._feed(pieces)
        while self.exit_code is None and not self._watch.over():
            self._listen()

    def end(self) -> None:
        """Have the host end the command, and hear its last words before and after: it may have ended by itself.

        Trouble on the way changes nothing: whether it is gone is looked up from a second shell.
        """
        for exchange in (self._take, lambda _: self._link.terminate(self._id), self._take):
            if self.exit_code is None:
                with suppress(WireError):
                    exchange(_LAST_WORDS_S)

    def free(self) -> bool:
        """Let the host forget the ended command. False if the link is not worth keeping."""
        try:
            self._link.terminate(self._id)
        except WireError:
            return False
        return True

    @property
    def has_ended_well(self) -> bool:
        return self.exit_code == 0 and self.transcript.has_facts

    @property
    def never_began(self) -> bool:
        """True if the process provably ended before it read our script: its first line is printed before that."""
        return self.exit_code is not None and self.transcript.process is None and not self._gap

    def reading(self, host: Host, secret: Secret) -> Reading:
        """What came of it. Raises: Broke, Denied, Severed (the end was lost on the way)."""
        said, facts = self.transcript, self.transcript.facts
        if self.exit_code == 0 and not said.has_facts and self._gap:
            raise severed(WireError("Receive", Kind.LOST, "the facts were lost with a broken answer"), host, secret)
        if self.exit_code or not said.has_facts or not isinstance(facts, dict | None):
            raise self._failure(host, secret)
        stdout, stderr = (mask(said.text(stream), (secret,)) for stream in ("stdout", "stderr"))
        return Reading(facts=facts or {}, stdout=stdout, stderr=stderr, truncated=said.truncated)

    def _feed(self, pieces: list[bytes]) -> None:
        for number, piece in enumerate(pieces, 1):
            if not self._send(piece, end=number == len(pieces), alone=len(pieces) == 1):
                return

    def _send(self, piece: bytes, *, end: bool, alone: bool) -> bool:
        """False if the host answered that it did not take the input. A broken connection raises: it is in doubt.

        Busy is repeated only for input in one piece: should the host have taken it after all, two times JSON is no JSON
        and the script never runs. After any other answer we send no more and listen: the process may have died early,
        and if it waits in vain for the rest, the clock ends it.
        """
        for attempt in range(self._limits.busy_tries):
            try:
                self._link.send(self._id, piece, end=end)
            except WireError as cause:
                if cause.kind not in ANSWERED:
                    raise
                if cause.kind is not Kind.BUSY or not alone:
                    return False
                self._watch.pause(self._limits.pause_s * 2**attempt)
            else:
                return True
        return False

    def _listen(self) -> None:
        """One Receive. A broken connection is no end: the shell lives on the host, so we sign in again and go on."""
        try:
            self._take(min(self._limits.poll_s, max(1, math.ceil(self._watch.left_s))))
        except WireError as cause:
            self._breaks += 1
            if cause.kind is Kind.GONE or cause.kind in FINAL or self._breaks > self._limits.resumes:
                raise
            self._gap = self._gap or cause.kind not in ANSWERED  # a lost answer may have held output
            self._watch.pause(self._limits.pause_s * 2 ** (self._breaks - 1))

    def _take(self, wait_s: int) -> None:
        try:
            heard = self._link.receive(self._id, wait_s)
        except WireError as cause:
            if cause.kind is not Kind.IDLE:
                raise
            self._breaks = 0
            return
        self._breaks = 0
        self.transcript.take("stdout", heard.stdout)
        self.transcript.take("stderr", heard.stderr)
        self.exit_code = heard.exit_code
        if heard.exit_code is not None:
            self.transcript.end()

    def _failure(self, host: Host, secret: Secret) -> Trouble:
        tail = mask(self.transcript.text("stderr")[-_TAIL_CHARS:], (secret,))
        error: type[Trouble] = Denied if any(word in tail for word in _DENIED) else Broke
        if self.exit_code:
            zh, en = f"脚本以退出码 {self.exit_code} 结束", f"the script ended with exit code {self.exit_code}"
        else:
            zh, en = "脚本结束时没有给出有效的结果", "the script ended without valid facts"
        text = Text(f"{host.path}：{zh}；请查看主机。{tail}", f"{host.path}: {en}; look at the host. {tail}")
        return error(text, host=host.path, exit_code=self.exit_code, stderr=tail, started=True)
