"""Scripts that were handed in before they had a time get it: 30 days, unless a request names them."""

from alembic import op
from sqlalchemy import and_

from runner.store.schema import artifact

revision = "0012"
down_revision = "0011"
_SCRIPTS = and_(artifact.c.kind == "script", artifact.c.state == "ready")


def upgrade() -> None:
    """Give the time; in microseconds. A new store has none to give it to."""
    month = 30 * 24 * 3600 * 1_000_000
    given = artifact.update().values(expires_at=artifact.c.added_at + month)
    op.execute(given.where(_SCRIPTS, artifact.c.expires_at.is_(None)))


def downgrade() -> None:
    """Take it back."""
    op.execute(artifact.update().values(expires_at=None).where(_SCRIPTS))
