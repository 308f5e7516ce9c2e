"""What left the house, by tenant, day and kind."""

from alembic import op

from runner.store.schema import traffic

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create it, unless this is a new store: its first migration has made all tables of today."""
    traffic.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop it."""
    traffic.drop(op.get_bind())
