"""The parts of long steps: the batches of a script, each with its outcome."""

from alembic import op

from runner.store.schema import part

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table, unless this is a new store: its first migration has made all tables of today."""
    part.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop it."""
    part.drop(op.get_bind())
