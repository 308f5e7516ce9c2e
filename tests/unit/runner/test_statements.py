"""Named statements say the same in both dialects, and every one of them is understood by SQLite."""

import re
import sqlite3

import pytest
from sqlalchemy import create_engine

from runner.store.schema import metadata
from runner.store.statements import _split, _translate, statements

BOTH = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])


def test_parameters_and_remarks_are_translated() -> None:
    body = "SELECT a::int, '%' FROM t -- x\n-- a line of its own\nWHERE a = :a AND b = :b_2 /*pg FOR UPDATE */"
    assert _translate(body, "sqlite") == "SELECT a::int, '%' FROM t -- x\nWHERE a = :a AND b = :b_2 "
    assert "WHERE a = %(a)s AND b = %(b_2)s  FOR UPDATE" in _translate(body, "postgresql")
    assert "a::int, '%%'" in _translate(body, "postgresql")


def test_statements_are_found_by_their_names() -> None:
    found = _split("-- a remark\n-- name: one\nSELECT 1\n\n-- why\n-- name: two\nSELECT 2\n")
    assert [(n, b.strip().splitlines()[0]) for n, b in found] == [("one", "SELECT 1"), ("two", "SELECT 2")]


@BOTH
def test_no_statement_keeps_a_mark_of_the_other_dialect(dialect: str) -> None:
    for name, sql in statements(dialect).items():
        assert "/*pg" not in sql, name
        assert bool(re.search(r"%\(\w+\)s", sql)) <= (dialect == "postgresql"), name
        assert bool(re.search(r"(?<![:\w']):\w+", sql)) <= (dialect == "sqlite"), name


def test_both_dialects_have_the_same_statements() -> None:
    assert statements("sqlite").keys() == statements("postgresql").keys()


def test_sqlite_understands_every_statement_that_is_not_postgresqls_alone() -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    connection = engine.raw_connection()
    for name, sql in statements("sqlite").items():
        if name.endswith("_pg"):
            continue
        params = dict.fromkeys(re.findall(r"(?<![:\w]):(\w+)", sql))
        try:
            connection.cursor().execute(f"EXPLAIN {sql}", params)
        except sqlite3.Error as error:
            pytest.fail(f"{name}: {error}")
    connection.close()
    engine.dispose()
