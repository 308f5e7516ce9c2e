"""Changes that SQLite writes otherwise: UPDATE … FROM with its own alias, DELETE … FROM a join, OUTPUT."""

from sqlglot import exp

from lab.sqlserver.errors import lab_cannot

_TARGET = "lab_target"


def rewrite(tree: exp.Expr, text: str) -> exp.Expr:
    """The tree in SQLite's manner. Raises SqlError for what it has no word for."""
    first = text.split(None, 2)
    if len(first) > 1 and first[1].upper().startswith("TOP"):
        raise lab_cannot(text)
    _output(tree, text)
    if isinstance(tree, exp.Update):
        _update(tree, text)
    if isinstance(tree, exp.Delete):
        _delete(tree, text)
    return tree


def _output(tree: exp.Expr, text: str) -> None:
    """OUTPUT inserted.x is RETURNING x. The values before an update SQLite cannot tell."""
    returning = tree.args.get("returning")
    if returning is None:
        return
    if returning.args.get("into"):
        raise lab_cannot(text)
    for column in returning.find_all(exp.Column):
        if column.table.lower() == "deleted" and isinstance(tree, exp.Update):
            raise lab_cannot(text)
        column.set("table", None)


def _from(tree: exp.Expr) -> exp.Expr | None:
    return tree.args.get("from_") or tree.args.get("from")


def _update(tree: exp.Update, text: str) -> None:
    for assigned in tree.expressions:
        if isinstance(assigned, exp.EQ) and isinstance(assigned.this, exp.Column):
            assigned.this.set("table", None)
    source = _from(tree)
    own = _same(source, tree.this) if source is not None else None
    if source is None or own is None:
        return
    joins = [*(source.this.args.get("joins") or []), *(tree.args.get("joins") or [])]
    if any(j.side or j.kind not in ("", "INNER", "CROSS") for j in joins):
        raise lab_cannot(text)  # an outer join cannot be told in WHERE
    others = [t.copy() for t in (source.this, *(j.this for j in joins)) if t is not own]
    conditions = [j.args["on"].copy() for j in joins if j.args.get("on")]
    where = tree.args.get("where")
    conditions += [where.this.copy()] if where is not None else []
    target = own.copy()
    target.set("joins", None)
    tree.set("this", target)
    tree.set("from_", _list_of(others))
    tree.set("where", exp.Where(this=exp.and_(*conditions)) if conditions else None)


def _list_of(tables: list[exp.Expr]) -> exp.From | None:
    if not tables:
        return None
    for table in tables:
        table.set("joins", None)
    tables[0].set("joins", [exp.Join(this=table) for table in tables[1:]])
    return exp.From(this=tables[0])


def _delete(tree: exp.Delete, text: str) -> None:
    named = tree.args.get("tables")
    joined = tree.this
    if not named:
        return
    if not isinstance(joined, exp.Expr):  # DELETE t, without FROM
        tree.set("this", named[0])
        tree.set("tables", None)
        return
    own = _same(joined, named[0])
    if own is None:
        raise lab_cannot(text)
    inner = exp.Select(expressions=[exp.column("rowid", table=own.alias or own.name)])
    inner.set("from_", exp.From(this=joined.copy()))
    if tree.args.get("where"):
        inner.set("where", tree.args["where"].copy())
    tree.set("tables", None)
    tree.set("this", _bare(own))
    condition = exp.In(this=exp.column("rowid", table=_TARGET), query=exp.Subquery(this=inner))
    tree.set("where", exp.Where(this=condition))


def _same(source: exp.Expr, target: exp.Expr) -> exp.Table | None:
    """The table of FROM that the change names, by alias or by name."""
    wanted = target.name.lower()
    for table in source.find_all(exp.Table):
        if (table.alias or table.name).lower() == wanted:
            return table
    return next((t for t in source.find_all(exp.Table) if t.name.lower() == wanted), None)


def _bare(own: exp.Table) -> exp.Table:
    target = own.copy()
    target.set("joins", None)
    target.set("alias", exp.TableAlias(this=exp.to_identifier(_TARGET)))
    return target
