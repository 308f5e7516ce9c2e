"""The tables of letters of authorization, and of traffic."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, text

from runner.store.columns import Id, metadata, moment

letter = Table(
    "letter",
    metadata,
    Column("number", Id, primary_key=True, autoincrement=True),
    Column("rev", Integer, nullable=False, server_default="1"),
    Column("tenant", String(60), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("last_day", String(10), nullable=False),
    moment("ends_at", nullable=False),
    Column("asked_by", String(100), nullable=False),
    moment("asked_at", nullable=False),
    moment("scanned_at"),
    moment("review_due_at"),
    moment("alarm_at"),  # blanked when the alarm was given
    Column("decided_by", String(100)),
    moment("decided_at"),
    Column("opinion", Text),
    moment("ended_at"),
    Column("ended_why", String(20)),
    Column("replaced_by", Id),
    sqlite_autoincrement=True,
)
Index("letter_by_tenant", letter.c.tenant, letter.c.number)
_living = text("state IN ('draft', 'in-review', 'effective')")
_in_review = text("state = 'in-review' AND alarm_at IS NOT NULL")
_effective = text("state = 'effective'")
Index("letter_ending", letter.c.ends_at, sqlite_where=_living, postgresql_where=_living)
Index("letter_alarm", letter.c.alarm_at, sqlite_where=_in_review, postgresql_where=_in_review)
# The database itself keeps out a second effective letter, however two approvals meet.
Index(
    "letter_effective",
    letter.c.tenant,
    letter.c.kind,
    unique=True,
    sqlite_where=_effective,
    postgresql_where=_effective,
)

letter_scan = Table(
    "letter_scan",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("letter", Id, nullable=False),
    Column("name", String(200), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("added_by", String(100), nullable=False),
    moment("added_at", nullable=False),
)
Index("letter_scan_by_letter", letter_scan.c.letter)

traffic = Table(
    "traffic",
    metadata,
    Column("tenant", String(60), primary_key=True),
    Column("day", String(10), primary_key=True),  # in the tenant's zone
    Column("kind", String(20), primary_key=True),
    Column("bytes", BigInteger, nullable=False),
)
