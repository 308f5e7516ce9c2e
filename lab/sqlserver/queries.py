"""SELECT, INSERT, UPDATE, DELETE: rights, locks, SQLite, and the rows with their types."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from lab.sqlserver.catalog import view
from lab.sqlserver.engine import Outcome
from lab.sqlserver.errors import SqlError, lab_cannot
from lab.sqlserver.expand import expand
from lab.sqlserver.kinds import Kind, send
from lab.sqlserver.rewrite import rewrite
from lab.sqlserver.scope import Scope
from lab.sqlserver.store import Database
from lab.sqlserver.tables import flat, quoted
from lab.sqlserver.translate import Translated, read, translate, write
from lab.sqlserver.types_of_results import kinds_of, names_of
from lab.tds.answers import Answer, Columns, Row, Verb

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

_VERBS: dict[type[exp.Expr], Verb] = {
    exp.Insert: Verb.INSERT,
    exp.Update: Verb.UPDATE,
    exp.Delete: Verb.DELETE,
}


class Query:
    """One run of one statement in one session."""

    def __init__(self, session: "LabSession", scope: Scope, text: str) -> None:
        self.session, self.scope, self.text = session, scope, text
        self.shown: dict[str, str] = {}
        self.databases: dict[int, Database] = {}

    def answers(self) -> Iterator[Answer]:
        """Run it and tell what came. Raises SqlError."""
        tree = read(self.text)
        if isinstance(tree, exp.Query):
            yield from self._select(tree)
        elif isinstance(tree, exp.Insert | exp.Update | exp.Delete):
            yield from self._change(tree)
        else:
            raise lab_cannot(self.text)

    def value(self) -> Any:
        """The first value of a query, for expressions."""
        rows = self._run(self._translated(read(self.text))).rows
        return rows[0][0] if rows else None

    def _select(self, tree: exp.Query) -> Iterator[Answer]:
        into = tree.args.get("into")
        if into is not None:
            tree.set("into", None)
        targets = _assignments(tree)
        translated = self._translated(tree)
        outcome = self._run(translated)
        kinds = kinds_of(self.session.engine, translated, outcome)
        self.session.row_count = len(outcome.rows)
        if into is not None:
            yield from self._into(into.this, outcome, kinds)
        elif targets:
            self._assign(targets, outcome)
        else:
            yield from _rows(outcome, kinds, names_of(translated, outcome))
            yield self.session.done(Verb.SELECT)

    def _assign(self, targets: list[str], outcome: Outcome) -> None:
        for row in outcome.rows[-1:]:
            for name, value in zip(targets, row, strict=True):
                self.scope.assign(name, value)

    def _into(self, table: exp.Table, outcome: Outcome, kinds: list[Kind]) -> Iterator[Answer]:
        schema, name = self.place(table)
        names = {"decimal": "decimal({0.precision},{0.scale})", "nvarchar": "nvarchar({1})", "varchar": "varchar({1})"}
        columns = ", ".join(
            f"{quoted(n)} [{names.get(k.type.value, k.type.value).format(k, k.size or 'max')}]"
            for n, k in zip(outcome.names, kinds, strict=True)
        )
        marks = ", ".join("?" * len(kinds))
        database = None if schema == "temp" else self.databases[int(schema[2:])]
        if database is not None:
            self.need(database, "DDL", table.name)
        with self.session.engine.writing(database, stays=self.session.transaction_count > 0):
            self.session.engine.run(f"CREATE TABLE {schema}.{quoted(name)} ({columns})")
            for row in outcome.rows:
                self.session.engine.run(f"INSERT INTO {schema}.{quoted(name)} VALUES ({marks})", row)  # noqa: S608
        self._record("select into", database, len(outcome.rows))
        yield self.session.done(Verb.SELECT)

    def _change(self, tree: exp.Insert | exp.Update | exp.Delete) -> Iterator[Answer]:
        self.session.refuse_doomed()
        returning = tree.args.get("returning")
        translated = self._translated(rewrite(tree, self.text))
        target = self._target(translated.tree)
        if target.name.startswith("sys."):
            raise SqlError(259, text="Ad hoc updates to system catalogs are not allowed.")
        database = self.databases.get(int(target.db[2:])) if target.db != "temp" else None
        self._identity(translated.tree, target)
        self._check_rights(translated.tree, target, database)
        try:
            with self.session.engine.writing(database, stays=self.session.transaction_count > 0):
                outcome = self._run(translated)
        except SqlError as error:
            raise error.in_change() from error
        self.session.row_count = len(outcome.rows) if returning else max(outcome.count, 0)
        if isinstance(translated.tree, exp.Insert):
            self.session.last_identity = outcome.last_id
        self._record(type(tree).__name__.lower(), database, self.session.row_count)
        if returning:
            kinds = kinds_of(self.session.engine, translated, outcome)
            yield from _rows(outcome, kinds, outcome.names)
        yield self.session.done(_VERBS[type(tree)])

    def _record(self, kind: str, database: Database | None, rows: int) -> None:
        if database is not None and rows:
            self.session.record(kind, database.name, rows=rows, statement=self.text[:400])

    def _target(self, tree: exp.Expr) -> exp.Table:
        table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        if not isinstance(table, exp.Table):
            raise lab_cannot(self.text)
        return table

    def _identity(self, tree: exp.Expr, target: exp.Table) -> None:
        """An identity column takes no value, unless IDENTITY_INSERT says so; without a list it is left out."""
        if not isinstance(tree, exp.Insert) or target.db == "temp":
            return
        column = self.session.identity_column(target.db, target.name)
        if not column or self.session.identity_insert.lower() == target.name.lower():
            return
        if isinstance(tree.this, exp.Schema):
            if column.lower() in [e.name.lower() for e in tree.this.expressions]:
                raise SqlError(544, target.name)
            return
        info = self.session.engine.run(f"PRAGMA {target.db}.table_info({quoted(target.name)})").rows
        others = [exp.to_identifier(r[1], quoted=True) for r in info if r[1].lower() != column.lower()]
        tree.set("this", exp.Schema(this=target.copy(), expressions=others))

    def _check_rights(self, tree: exp.Expr, target: exp.Table, database: Database | None) -> None:
        if database is not None:
            self.need(database, type(tree).__name__.upper(), target.name)

    def need(self, database: Database, right: str, name: str) -> None:
        """Raises SqlError 229."""
        if not self.session.server.rights.may(self.session.account, database, right, name):
            raise SqlError(229, right, name, database.name, "dbo")

    def _translated(self, tree: exp.Expr) -> Translated:
        tree = expand(self, tree)
        writes = self._written(tree)
        translated = translate(tree, self.place)
        for table in translated.tables:
            if table.db.startswith("db") and id(table) not in writes and not table.meta.get("chained"):
                self.need(self.databases[int(table.db[2:])], "SELECT", table.name)
        return translated

    def _written(self, tree: exp.Expr) -> set[int]:
        if isinstance(tree, exp.Query):
            return set()
        own = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        return {id(own)}

    def place(self, table: exp.Table) -> tuple[str, str]:
        """The schema and name of a table in SQLite. Raises SqlError 208, 911, 916, 927."""
        if table.this.args.get("temporary") or table.name.startswith("#"):
            return "temp", "#" + table.name.lstrip("#")
        if table.db.lower() == "sys":
            found = view(self.session, table.name, self.session.reach(table.catalog or self.session.database))
            if found is None:
                raise SqlError(208, f"sys.{table.name}")
            return "temp", found
        database = self.session.reach(table.catalog or self.session.database)
        self.databases[database.id] = database
        name = flat([table.db or "dbo", table.name])
        self.shown[name.lower()] = ".".join(p for p in (table.catalog, table.db, table.name) if p)
        return self.session.engine.schema(database), name

    def _run(self, translated: Translated) -> Outcome:
        values = {f"v_{n}": self.scope.get("@" + n) for n in translated.variables}
        change = isinstance(translated.tree, exp.Insert | exp.Update | exp.Delete)
        try:
            with nullcontext() if change else self.session.reading():
                return self.session.engine.run(write(translated.tree), values)
        except SqlError as error:
            if error.number == 208:
                error.details = (self.shown.get(str(error.details[0]).lower(), error.details[0]),)
            raise


def _assignments(tree: exp.Query) -> list[str]:
    """SELECT @a = x: the variables, and the tree then selects the values alone."""
    if not isinstance(tree, exp.Select):
        return []
    found = [e for e in tree.expressions if isinstance(e, exp.EQ) and isinstance(e.this, exp.Parameter)]
    if found and len(found) != len(tree.expressions):
        raise SqlError(
            141, text="A SELECT statement that assigns a value to a variable must not be combined with data-retrieval."
        )
    names = ["@" + e.this.name.lower() for e in found]
    if found:
        tree.set("expressions", [e.expression for e in found])
    return names


def _rows(outcome: Outcome, kinds: list[Kind], names: Sequence[str]) -> Iterator[Answer]:
    yield Columns(columns=tuple(k.column(n) for n, k in zip(names, kinds, strict=True)))
    for row in outcome.rows:
        yield Row(tuple(send(v, k) for v, k in zip(row, kinds, strict=True)))
