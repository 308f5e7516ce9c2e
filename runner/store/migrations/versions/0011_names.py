"""What data centers are called since they were renamed."""

from alembic import op

from runner.store.schema import place_name

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table, unless this is a new store: its first migration has made all tables of today."""
    place_name.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop it."""
    place_name.drop(op.get_bind())
