"""Artifacts on record: backups, uploads, packages, scripts."""

from alembic import op

from runner.store.schema import artifact

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table, unless this is a new store: its first migration has made all tables of today."""
    artifact.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop it."""
    artifact.drop(op.get_bind())
