"""The shelves of the free-text search. Workers fill them; until then searches walk over everything, as before."""

from alembic import op

from runner.store.schema import search_gram, search_shelf

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create both tables, unless this is a new store: its first migration has made all tables of today."""
    for table in (search_shelf, search_gram):
        table.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop both."""
    for table in (search_gram, search_shelf):
        table.drop(op.get_bind())
