"""The parts of a package besides the data: the model, the origin with its checksum, the metadata."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from lab.sqlpackage.contents import Contents, Module, User

NAMESPACE = "http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02"
VERSION = "162.5.57.1"
TYPES = {
    "V": "SqlView",
    "P": "SqlProcedure",
    "FN": "SqlScalarFunction",
    "IF": "SqlInlineTableValuedFunction",
    "TF": "SqlMultiStatementTableValuedFunction",
    "TR": "SqlDmlTrigger",
}
CONTENT_TYPES = (
    '<?xml version="1.0" encoding="utf-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="text/xml"/><Default Extension="bcp" ContentType="application/octet-stream"/>'
    "</Types>"
)
_KINDS = {kind: name for name, kind in TYPES.items()}


def data_part(table: str) -> str:
    """Where the rows of a table lie."""
    return f"Data/dbo.{quote(table, safe='')}/TableData-000-00000.BCP"


def model_of(contents: Contents, platform: int) -> bytes:
    """model.xml."""
    head = (
        f'<?xml version="1.0" encoding="utf-8"?><DataSchemaModel FileFormatVersion="1.2" SchemaVersion="2.9" '
        f'DspName="Microsoft.Data.Tools.Schema.Sql.Sql{platform}DatabaseSchemaProvider" xmlns="{NAMESPACE}"><Model>'
    )
    return (head + "".join(_elements(contents)) + "</Model></DataSchemaModel>").encode()


def _elements(contents: Contents) -> Iterator[str]:
    yield '<Element Type="SqlDatabaseOptions" Disambiguator="1"/>'
    for name, sql in contents.tables.items():
        yield _element("SqlTable", _dbo(name), lab_name=name, lab=sql, lab_identity=contents.identities.get(name, ""))
    for name, sql in contents.indexes.items():
        yield _element("SqlIndex", _dbo(name), lab_name=name, lab=sql)
    foreign = list(contents.unresolved())
    for module in contents.modules:
        refers = "".join(_reference(name) for m, name in foreign if m is module)
        words = {"lab_name": module.name, "lab": module.text, "lab_parent": module.parent}
        yield _element(TYPES[module.kind], _dbo(module.name), refers, **words)
    for user in contents.users:
        words = {"lab_name": user.name, "lab": user.sid, "lab_roles": user.roles}
        yield _element("SqlRole" if user.sid == "role" else "SqlUser", f"[{user.name}]", **words)


def _element(kind: str, name: str, inside: str = "", **properties: str) -> str:
    said = "".join(
        f"<Property Name={quoteattr(k)}><Value>{escape(v)}</Value></Property>" for k, v in properties.items()
    )
    return f'<Element Type="{kind}" Name={quoteattr(name)}>{inside}{said}</Element>'


def _reference(name: str) -> str:
    """A relationship that leads out of the database."""
    source = name.split("].[")[0].strip("[")
    entry = f"<Entry><References ExternalSource={quoteattr(source)} Name={quoteattr(name)}/></Entry>"
    return f'<Relationship Name="QueryDependencies">{entry}</Relationship>'


def _dbo(name: str) -> str:
    return f"[dbo].[{name}]"


def origin_of(model: bytes, *, exported: bool, server: str, begun: datetime, rows: int, kilobytes: int) -> str:
    """Origin.xml, with the SHA-256 of the model."""
    checksum = hashlib.sha256(model).hexdigest().upper()
    return (
        f'<?xml version="1.0" encoding="utf-8"?><DacOrigin xmlns="{NAMESPACE}"><PackageProperties>'
        f"<Version>3.1.0.0</Version><ContainsExportedData>{str(exported).lower()}</ContainsExportedData>"
        f"</PackageProperties><Operation><Identity>{'0' * 8}</Identity><Start>{begun.isoformat()}</Start>"
        f"<End>{datetime.now(UTC).isoformat()}</End><ProductName>Microsoft.SqlServer.Dac</ProductName>"
        f"<ProductVersion>{VERSION}</ProductVersion></Operation><Server><ServerVersion>{escape(server)}"
        f"</ServerVersion></Server><ExportStatistics><SourceDatabaseSize>{kilobytes}</SourceDatabaseSize>"
        f"<TableRowCountTotalTag>{rows}</TableRowCountTotalTag></ExportStatistics><Checksums>"
        f'<Checksum Uri="/model.xml">{checksum}</Checksum></Checksums></DacOrigin>'
    )


def metadata_of(database: str) -> str:
    """DacMetadata.xml."""
    name = escape(database)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><DacType xmlns="{NAMESPACE}"><Name>{name}</Name>'
        "<Version>0.0.0.0</Version></DacType>"
    )


def read_model(model: bytes) -> Contents:
    """A model of the lab's own. Raises ValueError for another's."""
    tables: dict[str, str] = {}
    indexes: dict[str, str] = {}
    identities: dict[str, str] = {}
    modules: list[Module] = []
    users: list[User] = []
    for element in ElementTree.fromstring(model).iter(f"{{{NAMESPACE}}}Element"):  # noqa: S314 -- the lab's own file
        kind, said = element.get("Type", ""), _properties(element)
        if kind == "SqlDatabaseOptions":
            continue
        if "lab" not in said:
            raise ValueError(f"lab: {kind} {element.get('Name')} was not written by the lab, which reads only its own")
        name = said["lab_name"]
        if kind == "SqlTable":
            tables[name] = said["lab"]
            identities |= {name: said["lab_identity"]} if said["lab_identity"] else {}
        elif kind == "SqlIndex":
            indexes[name] = said["lab"]
        elif kind in _KINDS:
            modules.append(Module(name=name, kind=_KINDS[kind], text=said["lab"], parent=said["lab_parent"]))
        else:
            users.append(User(name=name, sid=said["lab"], roles=said["lab_roles"]))
    return Contents(tables=tables, indexes=indexes, identities=identities, modules=tuple(modules), users=tuple(users))


def _properties(element: ElementTree.Element) -> dict[str, str]:
    found = {}
    for each in element.findall(f"{{{NAMESPACE}}}Property"):
        found[each.get("Name", "")] = each.findtext(f"{{{NAMESPACE}}}Value") or ""
    return found
