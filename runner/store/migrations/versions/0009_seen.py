"""What the survey has seen."""

from alembic import op

from runner.store.schema import seen

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table, unless this is a new store: its first migration has made all tables of today."""
    seen.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop it."""
    seen.drop(op.get_bind())
