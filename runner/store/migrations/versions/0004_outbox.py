"""The outbox, the store's own settings, and where an account can be told things."""

import secrets

from alembic import op
from sqlalchemy import inspect, select

from runner.store.schema import account, outbox, setting

revision = "0004"
down_revision = "0003"

_CONTACT = ("email", "phone")


def upgrade() -> None:
    """Create them, unless this is a new store: its first migration has made all tables of today."""
    for table in (setting, outbox):
        table.create(op.get_bind(), checkfirst=True)
    there = {column["name"] for column in inspect(op.get_bind()).get_columns("account")}
    for name in _CONTACT:
        if name not in there:
            op.add_column("account", account.c[name].copy())
    named = op.get_bind().execute(select(setting.c.name).where(setting.c.name == "store-id")).first()
    if named is None:
        op.get_bind().execute(setting.insert().values(name="store-id", value=secrets.token_hex(8)))


def downgrade() -> None:
    """Drop them."""
    for name in _CONTACT:
        op.drop_column("account", name)
    for table in (outbox, setting):
        table.drop(op.get_bind())
