"""Where artifacts lie, read from one word with every mistake at once: a folder, or `s3://bucket/prefix?endpoint=…`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from domain.artifact import ArtifactStore
from domain.errors import Fault, Mistake
from domain.secret import Secret, SecretRef
from domain.text import Text
from executors.objects import S3Settings, local_store, s3_store

_NEEDED: Final = ("endpoint", "region", "access_key", "secret_key")
_KNOWN: Final = (*_NEEDED, "style", "link_endpoint", "ca", "proxy", "only_new")
_STYLES: Final = ("auto", "path", "virtual")
_SWITCH: Final = {"yes": True, "no": False}
_EXAMPLE: Final = "s3://bucket/prefix?endpoint=https://…&region=…&access_key=env:…&secret_key=file:…"

OpenSecret = Callable[[SecretRef], Secret]


def store_at(address: str, folder: Path, open_secret: OpenSecret, variable: str) -> ArtifactStore:
    """The artifact store at that address; left out: `folder`, where uploads to a bucket are staged too.

    Raises Mistake, whose faults name `variable`, and Denied for a secret that cannot be read.
    """
    if not address.startswith("s3:"):
        return local_store(_folder(address, folder, variable))
    return s3_store(s3_settings(address, open_secret, variable), folder / "staging")


def s3_settings(address: str, open_secret: OpenSecret, variable: str) -> S3Settings:
    """Read the address of a bucket. Raises Mistake, Denied."""
    faults: list[Fault] = []
    parts = urlsplit(address)
    asked = _query(parts, variable, faults)
    _check_place(parts, variable, faults)
    refs = {name: _ref(asked[name], variable, faults) for name in ("access_key", "secret_key") if name in asked}
    style, only_new = asked.get("style", "auto"), _SWITCH.get(asked.get("only_new", "yes"))
    if style not in _STYLES:
        faults.append(_fault(variable, "style 只能是", "style may be", " / ".join(_STYLES)))
    if only_new is None:
        faults.append(_fault(variable, "only_new 只能是", "only_new may be", " / ".join(_SWITCH)))
    if faults:
        raise Mistake(Text("设置有误", "The settings have mistakes"), tuple(faults))
    found: dict[str, Any] = {k: asked[k] for k in ("endpoint", "region", "link_endpoint", "proxy") if k in asked}
    found |= {"ca_file": asked.get("ca"), "style": style, "only_new": only_new, "bucket": parts.netloc}
    found |= {name: open_secret(ref) for name, ref in refs.items() if ref}
    return S3Settings(**found, prefix=_prefix(parts))


def _folder(address: str, folder: Path, variable: str) -> Path:
    path = Path(address) if address else folder
    if "://" in address or not path.is_absolute():
        text = Text(f"应为完整路径，或 {_EXAMPLE}", f"Must be the full path of a folder, or {_EXAMPLE}")
        raise Mistake(Text("设置有误", "The settings have mistakes"), (Fault(variable, text),))
    path.mkdir(parents=True, exist_ok=True)
    return path


def _query(parts: SplitResult, variable: str, faults: list[Fault]) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    for name in dict.fromkeys(n for n, _ in pairs if n not in _KNOWN):
        zh, en = f"未知选项 {name[:40]!r}", f"Unknown option {name[:40]!r}; allowed: {', '.join(_KNOWN)}"
        faults.append(Fault(variable, Text(zh, en), "unknown"))
    asked = dict(pairs)
    missing = [name for name in _NEEDED if not asked.get(name)]
    if missing:
        zh, en = f"缺少：{'、'.join(missing)}", f"Missing: {', '.join(missing)}"
        faults.append(Fault(variable, Text(zh, en), "missing"))
    return asked


def _check_place(parts: SplitResult, variable: str, faults: list[Fault]) -> None:
    """The text of a fault never repeats the address: somebody may have written a secret into it."""
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or ":" in parts.netloc or parts.fragment:
        faults.append(_fault(variable, "应为", "Must be", _EXAMPLE))


def _prefix(parts: SplitResult) -> str:
    path = unquote(parts.path).strip("/")
    return f"{path}/" if path else ""


def _ref(value: str, variable: str, faults: list[Fault]) -> SecretRef | None:
    kind, _, name = value.partition(":")
    if kind in ("env", "file") and name:
        return SecretRef(kind, name)
    faults.append(Fault(variable, Text("密钥应为 env:名称 或 file:路径", "A secret is env:NAME or file:PATH")))
    return None


def _fault(variable: str, zh: str, en: str, what: str) -> Fault:
    return Fault(variable, Text(f"{zh} {what}", f"{en} {what}"))
