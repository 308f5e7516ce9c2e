"""The column types of a result: declared ones where a column or a cast is shown, else by the values."""

from sqlglot import exp

from lab.sqlserver.engine import Engine, Outcome
from lab.sqlserver.errors import SqlError
from lab.sqlserver.kinds import Kind, fits, guess, kind_of
from lab.sqlserver.tables import quoted
from lab.sqlserver.translate import Translated
from lab.tds.answers import SqlType

_KNOWN = {
    "lab_getdate": Kind(type=SqlType.DATETIME),
    "lab_getutcdate": Kind(type=SqlType.DATETIME),
    "lab_dateadd": Kind(type=SqlType.DATETIME),
    "lab_sysdatetime": Kind(type=SqlType.DATETIME2),
    "lab_sysutcdatetime": Kind(type=SqlType.DATETIME2),
    "lab_newid": Kind(type=SqlType.UNIQUEIDENTIFIER),
    "lab_len": Kind(type=SqlType.INT),
    "lab_db_name": Kind(type=SqlType.NVARCHAR, size=128),
    "lab_suser_sname": Kind(type=SqlType.NVARCHAR, size=128),
    "lab_app_name": Kind(type=SqlType.NVARCHAR, size=128),
    "lab_host_name": Kind(type=SqlType.NVARCHAR, size=128),
    "lab_suser_sid": Kind(type=SqlType.VARBINARY, size=85),
    "lab_error_message": Kind(type=SqlType.NVARCHAR, size=4000),
}


def kinds_of(engine: Engine, translated: Translated, outcome: Outcome) -> list[Kind]:
    """One type per column. A type that a value does not fit gives way to what the values are."""
    declared = _declared(engine, translated)
    shown = _shown(translated.tree, len(outcome.names))
    found = []
    for n, name in enumerate(outcome.names):
        values = [row[n] for row in outcome.rows]
        kind = _kind(shown[n], declared) if shown else declared.get(name.lower())
        found.append(kind if kind is not None and all(fits(v, kind) for v in values) else guess(values))
    return found


def names_of(translated: Translated, outcome: Outcome) -> tuple[str, ...]:
    """The columns' names: an expression without alias has none."""
    tree = translated.tree
    first = tree.find(exp.Select) if isinstance(tree, exp.SetOperation) else tree
    shown = _shown(first, len(outcome.names)) if first is not None else []
    return tuple(e.alias_or_name if isinstance(e, exp.Alias | exp.Column) else "" for e in shown) or outcome.names


def _declared(engine: Engine, translated: Translated) -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for table in translated.tables:
        for row in engine.run(f"PRAGMA {table.db}.table_info({quoted(table.name)})").rows:
            try:
                found.setdefault(row[1].lower(), kind_of(row[2] or "nvarchar(max)"))
            except SqlError:
                continue  # an expression's column has no type of T-SQL's: its values tell
    return found


def _shown(tree: exp.Expr, count: int) -> list[exp.Expr]:
    """The expressions of the columns, unless a star hides them."""
    if not isinstance(tree, exp.Select):
        return []
    starred = any(e.find(exp.Star) and not isinstance(e.unalias(), exp.Count) for e in tree.expressions)
    return list(tree.expressions) if len(tree.expressions) == count and not starred else []


def _kind(shown: exp.Expr, declared: dict[str, Kind]) -> Kind | None:
    node = shown.unalias()
    if isinstance(node, exp.Paren | exp.Min | exp.Max | exp.Coalesce):
        return _kind(node.this, declared)
    if isinstance(node, exp.Count):
        return Kind(type=SqlType.BIGINT) if node.args.get("big_int") is True else Kind(type=SqlType.INT)
    if isinstance(node, exp.Column):
        return declared.get(node.name.lower())
    if isinstance(node, exp.Anonymous):
        return _function(node, declared)
    return None


def _function(node: exp.Anonymous, declared: dict[str, Kind]) -> Kind | None:
    name = node.name.lower()
    if name == "lab_convert":
        text = node.expressions[1].name
        return kind_of(f"{text}(30)" if text in ("varchar", "nvarchar", "varbinary", "char", "nchar") else text)
    if name == "lab_isnull":
        return _kind(node.expressions[0], declared)
    return _KNOWN.get(name)
