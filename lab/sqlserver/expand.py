"""Names in a query that stand for something else: views, functions, table variables, `inserted` and `deleted`."""

from typing import TYPE_CHECKING

from sqlglot import exp

from lab.sqlserver import modules
from lab.sqlserver.catalog import FILE_EXISTS, fill
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.module_text import INLINE, SCALAR, TABLED, VIEW
from lab.sqlserver.modules import Module
from lab.sqlserver.running import rows_into
from lab.sqlserver.tables import flat
from lab.sqlserver.translate import read

if TYPE_CHECKING:
    from lab.sqlserver.queries import Query

MOST_DEEP = 32


def expand(query: "Query", tree: exp.Expr, depth: int = 0) -> exp.Expr:
    """The tree with all of them replaced. Raises SqlError 1087, 208, 4121, 916."""
    if depth > MOST_DEEP:
        raise SqlError(217, MOST_DEEP)
    for lateral in list(tree.find_all(exp.Lateral)):
        _join_of(lateral, query.text)
    ctes = {c.alias.lower() for c in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        _table(query, table, ctes, depth)
    for dot in list(tree.find_all(exp.Dot)):
        if isinstance(dot.expression, exp.Anonymous) and not isinstance(dot.parent, exp.Dot):
            _call(query, dot)
    return tree


def _table(query: "Query", table: exp.Table, ctes: set[str], depth: int) -> None:
    own = table.this
    if isinstance(own, exp.Parameter):
        _stand_in(query, table, "@" + own.name)
    elif isinstance(own, exp.Anonymous):
        _function(query, table, own, depth)
    elif not table.db and table.name.lower() in query.scope.tables:
        _stand_in(query, table, table.name)
    elif not (table.name.lower() in ctes and not table.db):
        _view(query, table, depth)


def _stand_in(query: "Query", table: exp.Table, name: str) -> None:
    real = query.scope.tables.get(name.lower())
    if real is None:
        raise SqlError(1087, name)
    if not table.alias and not isinstance(table.parent, exp.Insert | exp.Schema | exp.Update | exp.Delete):
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    table.set("this", exp.to_identifier(real, quoted=True))


def _view(query: "Query", table: exp.Table, depth: int) -> None:
    session = query.session
    written = isinstance(table.parent, exp.Insert | exp.Schema | exp.Update | exp.Delete | exp.Merge)
    if table.name.startswith("#") or table.this.args.get("temporary") or table.db.lower() == "sys":
        return
    database = session.reach(table.catalog or session.database)
    module = modules.find(session, database, flat([table.db or "dbo", table.name]), VIEW)
    if module is None:
        return
    if written and table.arg_key == "this":
        raise lab_cannot(f"a change through the view {module.name}")
    query.need(database, "SELECT", module.name)
    inner = _qualified(read(module.definition.query), module)
    table.replace(_subquery(expand(query, inner, depth + 1), table.alias or table.name, module.definition.columns))


def _qualified(tree: exp.Expr, module: Module) -> exp.Expr:
    """A module's tables are those of its own database, wherever it is asked from; its owner is asked for no rights."""
    ctes = {c.alias.lower() for c in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not table.catalog and table.name.lower() not in ctes:
            if table.db.lower() != "sys":
                table.set("db", table.args.get("db") or exp.to_identifier("dbo"))
                table.set("catalog", exp.to_identifier(module.database.name, quoted=True))
            table.meta["chained"] = True
    return tree


def _subquery(tree: exp.Expr, alias: str, columns: tuple[str, ...]) -> exp.Expr:
    names = tree.expressions if isinstance(tree, exp.Select) else []
    if columns and len(names) == len(columns):
        renamed = [exp.alias_(e.unalias(), c, quoted=True) for e, c in zip(names, columns, strict=True)]
        tree.set("expressions", renamed)
    return exp.Subquery(this=tree, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def _function(query: "Query", table: exp.Table, call: exp.Anonymous, depth: int) -> None:
    """sys.dm_os_file_exists(…) is a table of one row; others are functions that a script made."""
    session = query.session
    if call.name.lower() == "dm_os_file_exists" and len(call.expressions) == 1:
        path = session.evaluate(query.scope, call.expressions[0].sql("tsql"))
        fill(session, "#lab_file_exists", FILE_EXISTS, [session.server.exists(str(path))])
        table.set("this", exp.to_identifier("#lab_file_exists", quoted=True))
        table.set("db", None)
        return
    database = session.reach(table.catalog or session.database)
    module = modules.find(session, database, flat([table.db or "dbo", call.name]), INLINE, TABLED)
    if module is None:
        raise SqlError(208, ".".join(p for p in (table.db, call.name) if p))
    query.need(database, "SELECT", module.name)
    if module.kind == TABLED:
        _filled(query, table, module, call)
        return
    inner = _qualified(_with_arguments(module, call), module)
    table.replace(_subquery(expand(query, inner, depth + 1), table.alias or call.name, ()))


def _with_arguments(module: Module, call: exp.Anonymous) -> exp.Expr:
    parameters = module.definition.parameters
    if len(call.expressions) != len(parameters):
        raise SqlError(313 if len(call.expressions) < len(parameters) else 8144, module.name)
    text = module.definition.query.strip()
    tree = read(text).unnest()
    given = {p.name.lstrip("@").lower(): a for p, a in zip(parameters, call.expressions, strict=True)}
    for parameter in list(tree.find_all(exp.Parameter)):
        if parameter.name.lower() in given:
            parameter.replace(exp.paren(given[parameter.name.lower()].copy()))
    return tree


def _filled(query: "Query", table: exp.Table, module: Module, call: exp.Anonymous) -> None:
    session = query.session
    name = session.new_table(module.definition.table)
    values = [session.evaluate(query.scope, e.sql("tsql")) for e in call.expressions]
    rows_into(session.interpreter(), module, values, name)
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(call.name, quoted=True)))
    table.set("this", exp.to_identifier(name, quoted=True))
    table.set("db", None)


def _call(query: "Query", dot: exp.Dot) -> None:
    """dbo.f(1): the engine runs it for each row."""
    session = query.session
    parts = [p.name for p in dot.flatten() if isinstance(p, exp.Identifier)]
    call = dot.expression
    database = session.reach(parts[0] if len(parts) > 1 else session.database)
    module = modules.find(session, database, flat([parts[-1], call.name]), SCALAR)
    if module is None:
        raise SqlError(4121, parts[0], ".".join([*parts, call.name]))
    query.need(database, "EXECUTE", module.name)
    where = [exp.Literal.string(database.name), exp.Literal.string(module.name)]
    dot.replace(exp.Anonymous(this="lab_user_function", expressions=[*where, *call.expressions]))


def _join_of(lateral: exp.Lateral, text: str) -> None:
    """APPLY sys.dm_os_volume_stats(a, b) is a join on a and b."""
    call = lateral.this.expression if isinstance(lateral.this, exp.Dot) else lateral.this
    join = lateral.parent
    fine = isinstance(call, exp.Anonymous) and call.name.lower() == "dm_os_volume_stats" and len(call.expressions) == 2
    if not fine or not isinstance(join, exp.Join) or not lateral.alias:
        raise lab_cannot(text)
    alias = lateral.alias
    pairs = zip(("database_id", "file_id"), call.expressions, strict=True)
    conditions = [exp.EQ(this=exp.column(name, table=alias), expression=value.copy()) for name, value in pairs]
    join.set("this", exp.to_table("sys.dm_os_volume_stats", alias=alias))
    join.set("on", exp.and_(*conditions))
