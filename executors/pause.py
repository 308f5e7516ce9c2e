"""No wire at all: waiting, for operations that are only measured or tried out."""

import threading
import time
from typing import Final

from domain.command import Call, Command, Pause, Reading
from domain.errors import Stopped, TimedOut
from domain.text import Text

LOOK_S: Final = 0.5  # the stop signal wakes at once; this bounds the wait should a wake get lost


class PauseExecutor:
    """Carries `Pause`: waits for the time to pass or for the stop signal."""

    def run(self, command: Command, call: Call) -> Reading:
        if not isinstance(command, Pause):
            raise TypeError(f"the pause executor cannot carry {type(command).__name__}")
        if not (command.seconds > 0 or call.stop_asked()):
            return Reading()
        wake = threading.Event()
        call.on_stop(wake.set)
        wait_s = min(command.seconds, call.timeout_s)
        end = time.monotonic() + wait_s
        while not call.stop_asked() and (left_s := end - time.monotonic()) > 0:
            wake.wait(min(left_s, LOOK_S))
            wake.clear()
        return _ended(command, call, wait_s)

    def close(self) -> None:
        """Nothing is held."""


def _ended(command: Pause, call: Call, waited_s: float) -> Reading:
    if call.stop_asked():
        raise Stopped(Text("等待已按请求停止", "The wait was stopped on request"))
    if waited_s < command.seconds:
        en = f"The wait of {command.seconds:g} s is longer than the step may take ({call.timeout_s:g} s)"
        raise TimedOut(Text(f"等待 {command.seconds:g} 秒，超过该步骤的时限 {call.timeout_s:g} 秒", en))
    return Reading()
