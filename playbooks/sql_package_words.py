"""What SqlPackage's answers and a catalog's findings say, in words that people read."""

from typing import Any, Final

from domain.command import Facts
from domain.text import Text

MOST_NAMES: Final = 5
MOST_CHARS: Final = 500
FINDINGS: Final[dict[str, Text]] = {
    "references": Text("引用了其他数据库", "references to other databases"),
    "windows-users": Text("有 Windows 用户", "Windows users"),
    "assemblies": Text("有 CLR 程序集", "CLR assemblies"),
    "filegroups": Text("有自定义文件组", "filegroups of its own"),
    "encrypted": Text("有加密的对象，无法读取定义", "encrypted objects, whose text nobody can read"),
}
WHY_NOT: Final[dict[str, Text]] = {
    "no-sqlpackage": Text(
        "数据库服务器上没有安装 SqlPackage；请服务商安装（见 windows-host.md）",
        "SqlPackage is not installed on the database server: the provider has to install it (see windows-host.md)",
    ),
    "taken": Text(
        "同名的工作目录已存在，或该任务已被叫停",
        "There is such a folder already, or this run was stopped before",
    ),
    "file": Text("交换目录中的文件与预期不符", "The file in the exchange folder is not as it should be"),
}


def findings(facts: Facts) -> Text:
    """`references to other databases (V_STOCK → [other].[T_STOCK]); …`"""
    found = {**facts["against_both"], **facts["against_bacpac"]}
    said = [(FINDINGS[what], _some(names)) for what, names in found.items()]
    return Text("；".join(f"{t.zh}（{n}）" for t, n in said), "; ".join(f"{t.en} ({n})" for t, n in said))


def refusals(facts: Facts) -> Text:
    """Everything that speaks against a package."""
    against = facts["refusals"]
    if not against:
        return Text("无法识别", "it is no package")
    return Text("".join(r["zh"] for r in against), " ".join(r["en"] for r in against))


def said_by(facts: Facts) -> str:
    """The lines with which SqlPackage says what is wrong; in the language of the host."""
    if facts["done"]["error"]:
        return str(facts["done"]["error"])[:MOST_CHARS]
    lines = [line.strip() for line in (facts["err"] or facts["out"]).splitlines() if line.strip()]
    grave = [line for line in lines if line.startswith(("***", "Error "))] or lines[-3:]
    return " ".join(grave)[:MOST_CHARS] or f"exit code {facts['done']['exit_code']}"


def evidence_of(facts: Facts) -> dict[str, Any]:
    """The facts that a person needs, with the end of what it wrote."""
    kept = {k: facts[k] for k in ("state", "child", "alive", "done", "bytes", "file_bytes", "waited_s")}
    return {**kept, "out": facts["out"][-MOST_CHARS:], "err": facts["err"][-MOST_CHARS:]}


def _some(names: list[str]) -> str:
    more = f" … {len(names)}" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
