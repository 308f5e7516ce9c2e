"""The model of a .bacpac or .dacpac: what is in it, and what an Azure-style export of it would refuse.

DacFx validates an export against Azure SQL Database and cannot be told not to (microsoft/DacFx#526, #811). The list
is of element types whose statements Microsoft documents as absent there; it has not been run against DacFx.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from domain.text import Text
from media.xmlparts import BadXml, parse

MOST_TYPES = 500

NOT_IN_AZURE: dict[str, Text] = {
    "SqlAssembly": Text("CLR 程序集", "CLR assemblies"),
    "SqlFile": Text("数据库文件定义", "database file definitions"),
    "SqlFilegroup": Text("自定义文件组", "filegroups of its own"),
    "SqlLinkedServer": Text("链接服务器", "linked servers"),
    "SqlEndpoint": Text("端点", "endpoints"),
    "SqlExtendedProcedure": Text("扩展存储过程", "extended stored procedures"),
    "SqlQueue": Text("Service Broker 队列", "Service Broker queues"),
    "SqlService": Text("Service Broker 服务", "Service Broker services"),
    "SqlContract": Text("Service Broker 约定", "Service Broker contracts"),
    "SqlRoute": Text("Service Broker 路由", "Service Broker routes"),
    "SqlRemoteServiceBinding": Text("Service Broker 远程服务绑定", "Service Broker remote service bindings"),
    "SqlEventNotification": Text("事件通知", "event notifications"),
    "SqlServerAudit": Text("服务器审核", "server audits"),
    "SqlDatabaseAuditSpecification": Text("数据库审核规范", "database audit specifications"),
    "SqlCryptographicProvider": Text("加密提供程序", "cryptographic providers"),
}
WINDOWS_USER = Text("Windows 用户或登录名", "Windows users or logins")
OTHER_DATABASE = Text("对其他数据库的引用", "references to other databases")


@dataclass(frozen=True, kw_only=True)
class Model:
    """`elements` counts by type; `platform` is the number of DacFx's schema provider (130 for SQL Server 2016)."""

    schema_version: str | None
    format_version: str | None
    provider: str | None
    platform: int | None
    elements: dict[str, int]
    refused_by_azure: tuple[Text, ...]

    @property
    def tables(self) -> int:
        return self.elements.get("SqlTable", 0)


class _Reader:
    """Counts while expat goes through the model."""

    def __init__(self) -> None:
        self.root: dict[str, str] | None = None
        self.counts: Counter[str] = Counter()
        self.findings: dict[str, Text] = {}

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if self.root is None:
            if name != "DataSchemaModel":
                raise BadXml("xml-malformed")
            self.root = attributes
        elif name == "Element":
            self._element(attributes.get("Type", ""), attributes.get("Name", ""))
        elif name == "References" and attributes.get("ExternalSource", "BuiltIns") != "BuiltIns":
            self.findings["references"] = OTHER_DATABASE

    def _element(self, kind: str, name: str) -> None:
        if kind not in self.counts and len(self.counts) >= MOST_TYPES:
            raise BadXml("xml-limits")
        self.counts[kind[:100]] += 1
        if kind in NOT_IN_AZURE:
            self.findings[kind] = NOT_IN_AZURE[kind]
        # Only the name of a Windows principal holds a backslash.
        if kind in ("SqlUser", "SqlLogin") and "\\" in name:
            self.findings["windows"] = WINDOWS_USER


def read_model(pieces: Iterable[bytes]) -> Model:
    """The model, read as a stream; raises `BadXml`."""
    reader = _Reader()
    parse(pieces, reader.opened, lambda _: None, lambda _: None)
    root = reader.root or {}
    provider = root.get("DspName")
    return Model(
        schema_version=root.get("SchemaVersion"),
        format_version=root.get("FileFormatVersion"),
        provider=provider,
        platform=_platform(provider),
        elements=dict(sorted(reader.counts.items())),
        refused_by_azure=tuple(reader.findings.values()),
    )


def _platform(provider: str | None) -> int | None:
    """`Microsoft.Data.Tools.Schema.Sql.Sql130DatabaseSchemaProvider` → 130; None for Azure and for the unknown."""
    digits = (provider or "").rpartition(".Sql")[2].removesuffix("DatabaseSchemaProvider")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else None
