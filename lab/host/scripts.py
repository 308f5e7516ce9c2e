"""The product's PowerShell scripts as the lab knows them: by their first line and the sha256 of their whole text."""

import hashlib
from collections.abc import Callable
from typing import Any

from lab.host import script_sqlpackage as package
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
    "iis-look/1": ("9b5be06e39255da078c6af53914d2c3cf6a227c57a41e79da950f3f6b2f31366", look),
    "iis-restart/1": ("3d403540332dc64d982691870e794ace0032171b57b9b47716f7af8c0cde54fe", restart),
    "lb-file/1": ("06dfc87905c06c23a0f973ca0e809bc8b9a8d990a2af5464d52190a4a411b41b", lb_file),
    "stop-tree/1": ("9a2e0180707df581980ba06006c74da6b7b5703ebcdcfc459117ccc432a35fad", stop_tree),
    "sqlpackage-start/1": ("6e08828e96011d538fed112fd21310b56acc84ea5962a8d70c6429a042a234dc", package.start),
    "sqlpackage-look/1": ("0ae024534616aedf9f17fa792338640ca529e20c155dc471325e9d0f570e5a3a", package.look),
    "sqlpackage-stop/1": ("9f2ad532117cebbc8938971fa8dabeae0f1715ffc6c8d025b6655c3454e080e5", package.stop),
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
