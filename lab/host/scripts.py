"""The product's PowerShell scripts as the lab knows them: by their first line and the sha256 of their whole text."""

import hashlib
from collections.abc import Callable
from typing import Any

from lab.host.script_look import look
from lab.host.script_restart import restart
from lab.host.script_small import lb_file, stop_tree
from lab.host.script_state import ScriptFailed
from lab.host.session import Session

__all__ = ["HEAD", "KNOWN", "ScriptFailed", "digest", "run_script"]
HEAD = "# yunwei script: "
Script = Callable[[Session, dict[str, Any]], dict[str, Any]]

# A changed script must be read again and its twin here reviewed, before its new digest is written down.
KNOWN: dict[str, tuple[str, Script]] = {
    "iis-look/1": ("02b081540d67a442747892e64f39e92af7bd4ec3ae325b451066840a9bbc3509", look),
    "iis-restart/1": ("1a62c98343543c4bff157dbac411eacb03ed94ccec013394ff01f128ab6a0eec", restart),
    "lb-file/1": ("06dfc87905c06c23a0f973ca0e809bc8b9a8d990a2af5464d52190a4a411b41b", lb_file),
    "stop-tree/1": ("f625347698f1d4910d902efd325c477e0e231c5f955e2f11074c012da78324d6", stop_tree),
}


def digest(text: str) -> str:
    """The sha256 of a script with Unix line ends and no blank at the end."""
    return hashlib.sha256(text.replace("\r\n", "\n").rstrip().encode("utf-8")).hexdigest()


def run_script(session: Session, text: str, args: dict[str, Any]) -> dict[str, Any]:
    """Do what the script does. Raises ScriptFailed with what PowerShell would write, or for an unknown script."""
    first = text.replace("\r\n", "\n").split("\n", 1)[0]
    name = first.removeprefix(HEAD)
    if not first.startswith(HEAD) or name not in KNOWN:
        raise ScriptFailed(f"lab: no script of ours is named {first[:100]!r}")
    known, script = KNOWN[name]
    if digest(text) != known:
        raise ScriptFailed(f"lab: {name} has another text than the lab was built for; review lab/host/scripts.py")
    session.begin(name)
    return script(session, args)
