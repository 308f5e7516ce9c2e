"""The tables, as Alembic and the list queries see them. The statements that move jobs are in sql/.

Moments are whole microseconds since 1970 (UTC): exact, comparable on every database. JSON is canonical text.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, text

from runner.store.columns import Id, metadata, moment
from runner.store.schema_of_letters import letter, letter_scan, traffic
from runner.store.schema_of_messages import code, outbox, setting

__all__ = ["code", "letter", "letter_scan", "metadata", "outbox", "setting", "traffic"]  # and the tables below

job = Table(
    "job",
    metadata,
    Column("number", Id, primary_key=True, autoincrement=True),
    Column("version", Integer, nullable=False),
    Column("rev", Integer, nullable=False, server_default="1"),  # grows with every change: the ETag
    Column("state", String(20), nullable=False),
    Column("operation", String(60), nullable=False),
    Column("tenant", String(60), nullable=False),
    Column("place", String(200), nullable=False),
    Column("lock_mode", String(10), nullable=False),
    moment("planned_at", nullable=False),
    moment("due_at", nullable=False),
    moment("latest_start", nullable=False),
    Column("asked_by", String(100), nullable=False),
    moment("asked_at", nullable=False),
    Column("search", Text, nullable=False),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("run", Integer, nullable=False, server_default="1"),
    Column("step", Integer, nullable=False, server_default="0"),
    Column("begun", Integer, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("worker", String(60)),
    moment("lease_until"),
    Column("blocked_by", Id),
    moment("started_at"),
    moment("ended_at"),
    Column("stop_asked_by", String(100)),
    Column("percent", Integer, nullable=False, server_default="0"),
    Column("plan", Text),
    Column("outcome", Text),
    Column("opinion", Text),
    Column("rating", Integer),
    Column("quota_keys", Text, nullable=False, server_default="[]"),
    sqlite_autoincrement=True,
)
_waiting = text("state = 'waiting' AND blocked_by IS NULL")
_leased = text("state IN ('running', 'stopping', 'in-doubt')")
_holding = text("state IN ('running', 'stopping', 'in-doubt', 'needs-attention')")
_any_waiting = text("state = 'waiting'")
_pending = text("state = 'pending'")
_blocked = text("blocked_by IS NOT NULL")
# Partial, so that their size follows the live rows and a due look-up costs O(due), not O(stored).
Index("job_due", job.c.due_at, job.c.number, sqlite_where=_waiting, postgresql_where=_waiting)
Index("job_leased", job.c.lease_until, sqlite_where=_leased, postgresql_where=_leased)
Index("job_holding", job.c.tenant, job.c.place, sqlite_where=_holding, postgresql_where=_holding)
Index("job_in_line", job.c.tenant, job.c.due_at, sqlite_where=_any_waiting, postgresql_where=_any_waiting)
Index("job_late", job.c.latest_start, sqlite_where=_any_waiting, postgresql_where=_any_waiting)
Index("job_pending", job.c.planned_at, sqlite_where=_pending, postgresql_where=_pending)
Index("job_blocked", job.c.blocked_by, sqlite_where=_blocked, postgresql_where=_blocked)
# Every move writes each full index of this table: what never changes is indexed at `request` instead.
Index("job_by_state", job.c.state, job.c.number)
Index("job_by_tenant_state", job.c.tenant, job.c.state, job.c.number)
_rated = text("rating IS NOT NULL")
Index("job_rated", job.c.number, sqlite_where=_rated, postgresql_where=_rated)

request = Table(
    "request",
    metadata,
    Column("number", Id, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("operation", String(60), nullable=False),
    Column("place", String(200), nullable=False),
    Column("tenant", String(60), nullable=False),
    Column("params", Text, nullable=False),
    moment("planned_at", nullable=False),
    moment("asked_at", nullable=False),
    Column("asked_by", String(100), nullable=False),
    Column("description", Text, nullable=False),
    Column("email", String(254), nullable=False),
)
Index("request_by_tenant", request.c.tenant, request.c.number)
Index("request_by_operation", request.c.operation, request.c.number)
Index("request_by_place", request.c.place, request.c.number)
Index("request_by_asking", request.c.asked_at, request.c.number)

event = Table(
    "event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    moment("at", nullable=False),
    Column("job", Id),
    Column("tenant", String(60)),
    Column("kind", String(30), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("body", Text),  # canonical JSON; blanked when output outlives its retention
    Column("digest", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
Index("event_by_job", event.c.job, event.c.seq)
Index("event_by_kind", event.c.kind, event.c.at)

chain = Table(
    "chain",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

search_shelf = Table(
    "search_shelf",
    metadata,
    Column("shelf", Integer, primary_key=True, autoincrement=False),
)

search_gram = Table(
    "search_gram",
    metadata,
    Column("gram", String(3), primary_key=True),
    Column("shelf", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

quota = Table(
    "quota",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("used", Integer, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("actor", String(100), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    moment("at", nullable=False),
)

attachment = Table(
    "attachment",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("number", Id, nullable=False),
    Column("name", String(200), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("added_by", String(100), nullable=False),
    moment("added_at", nullable=False),
)
Index("attachment_by_request", attachment.c.number)

account = Table(
    "account",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("tenant", String(60)),
    Column("roles", Text, nullable=False),
    Column("active", Integer, nullable=False, server_default="1"),
    moment("created_at", nullable=False),
    Column("email", String(254)),
    Column("phone", String(20)),
)

token = Table(
    "token",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("account", String(100), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    moment("created_at", nullable=False),
    moment("expires_at"),
    moment("revoked_at"),
)

artifact = Table(
    "artifact",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("tenant", String(60), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("key", String(200), nullable=False),
    Column("place", String(200), nullable=False, server_default=""),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("size", BigInteger),
    Column("sha256", String(64)),
    Column("state", String(10), nullable=False),
    Column("facts", Text, nullable=False, server_default="{}"),
    Column("job", Id),
    Column("upload", String(200)),
    Column("added_by", String(100), nullable=False),
    moment("added_at", nullable=False),
    moment("expires_at"),
)
Index("artifact_by_tenant", artifact.c.tenant, artifact.c.state, artifact.c.added_at, artifact.c.id)
Index("artifact_by_kind", artifact.c.tenant, artifact.c.kind, artifact.c.added_at, artifact.c.id)
Index("artifact_by_key", artifact.c.key, unique=True)
Index("artifact_by_job", artifact.c.job)
_to_be_swept = text("expires_at IS NOT NULL")
artifact_to_sweep = Index(
    "artifact_to_sweep",
    artifact.c.expires_at,
    artifact.c.id,
    sqlite_where=_to_be_swept,
    postgresql_where=_to_be_swept,
)

part = Table(
    "part",
    metadata,
    Column("job", Id, primary_key=True),
    Column("step", String(60), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("colour", String(10), nullable=False),
    Column("facts", Text, nullable=False),
)
Index("part_by_colour", part.c.job, part.c.step, part.c.colour, part.c.number)

place_name = Table(
    "place_name",
    metadata,
    Column("place", String(200), primary_key=True),
    Column("job", Id, primary_key=True, autoincrement=False),
    Column("title", String(200), nullable=False),
    Column("database", String(128), nullable=False),
    Column("was_title", String(200), nullable=False),
    Column("was_database", String(128), nullable=False),
    moment("at", nullable=False),
)

seen = Table(
    "seen",
    metadata,
    Column("place", String(200), primary_key=True),  # of a data center; of a server, whose turn it is
    moment("begun_at", nullable=False),
    moment("seen_at"),
    Column("facts", Text, nullable=False),
)

worker = Table(
    "worker",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("slots", Integer, nullable=False),
    moment("started_at", nullable=False),
    moment("beat_at", nullable=False),
    moment("stopped_at"),
    Column("paused", Integer, nullable=False, server_default="0"),
)
