"""From T-SQL to SQLite's SQL: sqlglot reads, what means something else in SQLite is replaced, sqlglot writes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError

from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.functions import DATE_PART_FIRST, FUNCTIONS
from lab.sqlserver.lexer import Token, tokens_of

SESSION_FUNCTIONS = frozenset(
    [
        "serverproperty",
        "databasepropertyex",
        "db_id",
        "db_name",
        "suser_sname",
        "suser_name",
        "app_name",
        "original_login",
        "host_name",
        "user_name",
        "has_perms_by_name",
        "is_srvrolemember",
        "is_member",
        "is_rolemember",
        "has_dbaccess",
        "applock_test",
        "applock_mode",
        "object_id",
        "object_name",
        "scope_identity",
        "context_info",
        "ident_current",
        "error_number",
        "error_message",
        "error_severity",
        "error_state",
        "error_line",
        "error_procedure",
        "xact_state",
        "suser_sid",
        "suser_id",
        "user_id",
        "database_principal_id",
        "current_transaction_id",
        "lab_global",
        "isdate",
        "schema_name",
    ]
)
_SIGNS: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


class LabSQLite(SQLite):
    """SQLite takes an unknown name in double quotes for a text; back-ticks it never does."""

    class Tokenizer(SQLite.Tokenizer):
        """As SQLite's, with the other quotes."""

        IDENTIFIERS = ["`"]  # noqa: RUF012 -- sqlglot's form


@dataclass
class Translated:
    """What a statement becomes. `tables` are the real tables it names, `variables` those it reads (lower case)."""

    tree: exp.Expr
    tables: list[exp.Table] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)


def read(text: str) -> exp.Expr:
    """The tree of one query or change. Raises SqlError 102, and 50000 for what sqlglot takes as a mere command."""
    return _read(text).copy()


@lru_cache(maxsize=512)
def _read(text: str) -> exp.Expr:
    tokens = tokens_of(text)
    try:
        trees = sqlglot.parse(_prepared(tokens, text), read="tsql")
    except SqlglotError as error:
        raise _syntax(error, tokens) from error
    if len(trees) != 1 or trees[0] is None or isinstance(trees[0], exp.Command):
        raise lab_cannot(text)
    return trees[0]


def _syntax(error: SqlglotError, tokens: list[Token]) -> SqlError:
    details = getattr(error, "errors", None) or [{}]
    near = str(details[0].get("highlight") or (tokens[-1].value if tokens else ""))
    found = SqlError(102, near.removeprefix("lab_"))
    found.line = int(details[0].get("line") or 1)
    return found


def _prepared(tokens: list[Token], text: str) -> str:
    """The text with our names for the functions, so that sqlglot leaves them alone; places and lines stay near."""
    pieces, at = [], 0
    for n, token in enumerate(tokens):
        following = tokens[n + 1].raw if n + 1 < len(tokens) else ""
        before = tokens[n - 1].raw if n else ""
        pieces.append(text[at : token.start])
        pieces.append(_renamed(token, before, following, tokens[n - 2].raw.lower() if n > 1 else ""))
        at = token.end
    return "".join(pieces)


def _renamed(token: Token, before: str, following: str, second_before: str) -> str:
    low = token.raw.lower()
    if token.kind == "variable" and low.startswith("@@"):
        return f"lab_lab_global('{low[2:]}')"
    if token.kind == "string":
        return "'" + token.value.replace("'", "''") + "'"
    if token.kind == "word" and before == "(" and second_before in DATE_PART_FIRST:
        return f"'{low}'"
    if token.kind == "word" and before != "." and following == "(" and (low in FUNCTIONS or low in SESSION_FUNCTIONS):
        return f"lab_{low}"
    if low in ("system_user", "current_timestamp", "current_user", "session_user") and token.kind == "word":
        return "lab_getdate()" if low == "current_timestamp" else "lab_suser_sname()"
    return token.raw


def translate(tree: exp.Expr, place: Callable[[exp.Table], tuple[str, str]]) -> Translated:
    """Make the tree SQLite's. `place` tells the schema and name of a table, and may raise SqlError."""
    found = Translated(tree)
    ctes = {c.alias.lower() for c in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Identifier) and not (table.name.lower() in ctes and not table.args.get("db")):
            _place(table, place)
            found.tables.append(table)
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)
        _temporary(column.args.get("table"))
    for parameter in list(tree.find_all(exp.Parameter)):
        name = parameter.name.lower()
        found.variables.add(name)
        parameter.replace(exp.Placeholder(this=f"v_{name}"))
    found.tree = _rewritten(tree)
    return found


def _rewritten(tree: exp.Expr) -> exp.Expr:
    """Every node in SQLite's manner, the inner ones first: what takes a node's place holds those already."""
    for node in reversed(list(tree.walk(bfs=True))):
        changed = _node(node)
        if changed is not node:
            if node is tree:
                return changed
            node.replace(changed)
    return tree


def _place(table: exp.Table, place: Callable[[exp.Table], tuple[str, str]]) -> None:
    bare = ("#" if table.this.args.get("temporary") else "") + table.name
    schema, name = place(table)
    if not table.alias and not isinstance(table.parent, exp.Insert | exp.Schema):
        table.set("alias", exp.TableAlias(this=exp.to_identifier(bare, quoted=True)))
    table.set("this", exp.to_identifier(name, quoted=True))
    table.set("db", exp.to_identifier(schema, quoted=True))
    table.set("catalog", None)
    table.set("hints", None)


def _temporary(name: exp.Expr | None) -> None:
    if isinstance(name, exp.Identifier) and name.args.get("temporary"):
        name.replace(exp.to_identifier("#" + name.name, quoted=True))


def _node(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Cast | exp.TryCast | exp.Convert):
        return _cast(node)
    if type(node) in _SIGNS:
        sign = exp.Literal.string(_SIGNS[type(node)])
        return exp.Anonymous(this="lab_calculate", expressions=[sign, node.this, node.expression])
    assigns = isinstance(node.parent, exp.Update) and node.arg_key == "expressions"
    if isinstance(node, exp.EQ | exp.NEQ | exp.In) and not assigns and _has_text(node):
        node.set("this", exp.Collate(this=exp.paren(node.this), expression=exp.Var(this="NOCASE")))
    if isinstance(node, exp.National):
        return exp.Literal.string(node.name)
    return node


def _has_text(node: exp.Expr) -> bool:
    """A side is a text or a variable: SQL Server compares without regard to case."""
    sides = [node.this, node.expression, *node.expressions]
    return any(isinstance(s, exp.Placeholder) or (isinstance(s, exp.Literal) and s.is_string) for s in sides if s)


def _cast(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Convert):
        value, kind, style = node.expression, node.this, node.args.get("style")
        tries = bool(node.args.get("safe"))
    else:
        value, kind, style = node.this, node.args["to"], node.args.get("style")
        tries = isinstance(node, exp.TryCast)
    name = exp.Literal.string(kind.sql("tsql").lower())
    rest = [style or exp.null(), exp.Literal.number(int(tries))]
    return exp.Anonymous(this="lab_convert", expressions=[value, name, *rest])


def write(tree: exp.Expr) -> str:
    """The text for SQLite."""
    return tree.sql(LabSQLite, identify=True, unsupported_level=sqlglot.ErrorLevel.IGNORE)
