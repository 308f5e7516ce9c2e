"""The tables of messages to people, and of settings that the product makes for itself."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, text

from runner.store.columns import Id, metadata, moment

setting = Table(
    "setting",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("message_id", String(64), nullable=False, unique=True),
    Column("job", Id),
    Column("tenant", String(60)),
    Column("kind", String(30), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text),  # blanked where it must not outlive its use
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("next_at", nullable=False),
    moment("expires_at"),
    Column("error", Text),
    moment("created_at", nullable=False),
    moment("sent_at"),
    sqlite_autoincrement=True,
)
_unsent = text("state = 'waiting'")
Index("outbox_due", outbox.c.next_at, outbox.c.id, sqlite_where=_unsent, postgresql_where=_unsent)
Index("outbox_by_job", outbox.c.job, outbox.c.id)

code = Table(
    "code",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("account", String(100), nullable=False),
    Column("action", String(70), nullable=False),
    Column("place", String(200), nullable=False),
    Column("bound", String(64), nullable=False),  # SHA-256 of the parameters
    Column("digest", String(64), nullable=False),  # HMAC of the digits, with this store's own key
    Column("tries", Integer, nullable=False),
    moment("sent_at", nullable=False),
    moment("expires_at", nullable=False),
    moment("used_at"),
    sqlite_autoincrement=True,
)
Index("code_by_account", code.c.account, code.c.sent_at)
Index("code_by_purpose", code.c.account, code.c.action, code.c.place, code.c.id)
