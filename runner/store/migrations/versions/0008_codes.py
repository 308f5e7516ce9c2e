"""One-time codes."""

from alembic import op

from runner.store.schema import code

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table, unless this is a new store: its first migration has made all tables of today."""
    code.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop it."""
    code.drop(op.get_bind())
