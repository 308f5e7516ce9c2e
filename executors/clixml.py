"""PowerShell's error stream as people read it. It comes as CLIXML, also when nothing went wrong (progress records)."""

import html
import re
from typing import Final

_TEXT: Final = re.compile(r'<S S="(?:Error|error|Warning|warning)">(.*?)</S>', re.DOTALL)
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def is_clixml(line: str) -> bool:
    return line.startswith(("#< CLIXML", "<Objs "))


def clean(line: str) -> list[str]:
    """The error and warning lines in one line of CLIXML; any other line as it is. Progress records vanish."""
    if not is_clixml(line):
        return [line]
    text = "".join(_decoded(found) for found in _TEXT.findall(line))
    return [part.rstrip() for part in text.splitlines() if part.strip()]


def _decoded(text: str) -> str:
    # UTF-16 halves are escaped one by one (`_xD83D__xDE00_`): join them again.
    unescaped = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), html.unescape(text))
    return unescaped.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
