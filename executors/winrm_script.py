"""How a script travels: a short command line that never changes, and everything else as JSON on standard input."""

import base64
import json
from typing import Final

from domain.command import PowerShell
from domain.errors import Mistake
from domain.text import Text

MAX_STDIN_BYTES: Final = 256 * 1024
PIECE_BYTES: Final = 96 * 1024  # in base64 below the smallest MaxEnvelopeSize met in the field, 150 kB
MARK: Final = "@@yunwei:"

# Standard input is read whole before the script runs: a script that came in part, or twice, is no JSON and never runs.
BOOT: Final = """\
# yunwei boot/1
$ErrorActionPreference='Stop';$ProgressPreference='SilentlyContinue'
[Console]::OutputEncoding=New-Object Text.UTF8Encoding $false
[Console]::Out.WriteLine('@@yunwei:pid '+(@{pid=$PID;started=(Get-Process -Id $PID).StartTime.ToUniversalTime().ToString('o')}|ConvertTo-Json -Compress))
$call=[Console]::In.ReadToEnd()|ConvertFrom-Json
$facts=& ([ScriptBlock]::Create($call.script)) $call.args
[Console]::Out.WriteLine('@@yunwei:facts '+($facts|ConvertTo-Json -Compress -Depth 8))
"""  # noqa: E501

COMMAND_LINE: Final = (
    "powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand "
    + base64.b64encode(BOOT.encode("utf-16-le")).decode("ascii")
)


def stdin_pieces(command: PowerShell) -> list[bytes]:
    """The script and its arguments as ASCII JSON, cut for sending.

    Raises: Mistake (over 256 KiB, or an argument that is not JSON).
    """
    try:
        data = json.dumps({"script": command.script, "args": command.args}, allow_nan=False).encode("ascii")
    except (TypeError, ValueError) as cause:
        zh = f"{command.host}：脚本参数不能写成 JSON：{cause}"
        raise Mistake(Text(zh, f"{command.host}: the script's arguments are not JSON: {cause}")) from cause
    if len(data) > MAX_STDIN_BYTES:
        zh = f"{command.host}：脚本和参数共 {len(data)} 字节，上限 {MAX_STDIN_BYTES} 字节；请分成更小的步骤"
        en = (
            f"{command.host}: script and arguments take {len(data)} bytes, {MAX_STDIN_BYTES} at most; use smaller steps"
        )
        raise Mistake(Text(zh, en), bytes=len(data), max_bytes=MAX_STDIN_BYTES)
    return [data[i : i + PIECE_BYTES] for i in range(0, len(data), PIECE_BYTES)]
