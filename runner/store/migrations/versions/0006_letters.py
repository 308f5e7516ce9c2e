"""Letters of authorization and their scans."""

from alembic import op

from runner.store.schema import letter, letter_scan

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create them, unless this is a new store: its first migration has made all tables of today."""
    for table in (letter, letter_scan):
        table.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop them."""
    for table in (letter_scan, letter):
        table.drop(op.get_bind())
