"""What a batch may do to a transaction that is not its own."""

import pytest

from tsql.atomic import begins_by_itself, is_atomic, may_commit


@pytest.mark.req("SQL-5", "SQL-6")
@pytest.mark.parametrize(
    ("batch", "may"),
    [
        ("COMMIT", True),
        ("UPDATE t SET a = 1; COMMIT TRANSACTION", True),
        ("EXEC dbo.p", True),
        ("IF 1 = 1 EXECUTE('COMMIT')", True),
        ("dbo.p 1", True),
        ("p", True),
        ("ROLLBACK; UPDATE t SET a = 1", False),
        ("UPDATE t SET a = 1", False),
        ("PRINT 'commit'", False),
        ("-- commit\nSELECT [commit] FROM t", False),
        ("", False),
    ],
)
def test_a_batch_may_commit_what_was_begun_before_it(batch: str, may: bool) -> None:
    assert may_commit(batch) is may


@pytest.mark.req("SQL-5")
def test_a_batch_after_which_transactions_begin_by_themselves_is_known() -> None:
    assert begins_by_itself("SET IMPLICIT_TRANSACTIONS ON")
    assert not begins_by_itself("SELECT 'implicit_transactions'")
    assert not is_atomic("SET IMPLICIT_TRANSACTIONS ON")
