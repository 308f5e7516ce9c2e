"""The first tables."""

from alembic import op

from runner.store.chain import GENESIS
from runner.store.schema import chain, metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything, and the chain's one row."""
    metadata.create_all(op.get_bind())
    op.get_bind().execute(chain.insert().values(id=1, seq=0, hash=GENESIS))


def downgrade() -> None:
    """Drop everything."""
    metadata.drop_all(op.get_bind())
