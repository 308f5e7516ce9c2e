"""The shelves of the free-text search, which workers fill, and an index for a tenant's requests of one state."""

from alembic import op
from sqlalchemy import Index

from runner.store.schema import job, search_gram, search_shelf

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create them, unless this is a new store: its first migration has made all tables of today."""
    for table in (search_shelf, search_gram):
        table.create(op.get_bind(), checkfirst=True)
    _tenant_states().create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop them."""
    _tenant_states().drop(op.get_bind())
    for table in (search_gram, search_shelf):
        table.drop(op.get_bind())


def _tenant_states() -> Index:
    return next(index for index in job.indexes if index.name == "job_by_tenant_state")
