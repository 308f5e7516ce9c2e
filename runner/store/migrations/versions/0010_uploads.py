"""Artifacts that a sweeper has to look after are found by an index; links are signed with a key of this store."""

import secrets

from alembic import op
from sqlalchemy import select

from runner.store.schema import artifact_to_sweep, setting

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the index, unless this is a new store: its first migration has made all tables of today."""
    artifact_to_sweep.create(op.get_bind(), checkfirst=True)
    named = op.get_bind().execute(select(setting.c.name).where(setting.c.name == "link-key")).first()
    if named is None:
        op.get_bind().execute(setting.insert().values(name="link-key", value=secrets.token_hex(32)))


def downgrade() -> None:
    """Drop it, and the key: links that were made open nothing any more."""
    op.get_bind().execute(setting.delete().where(setting.c.name == "link-key"))
    artifact_to_sweep.drop(op.get_bind())
