"""Every renaming of a data center is kept, not only the last one: the estate file may follow any of them."""

from alembic import op
from sqlalchemy import Column, MetaData, Table, select

from runner.store.schema import place_name

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table anew, with a row a renaming; a new store's has been so from the first."""
    bind = op.get_bind()
    rows = [dict(row) for row in bind.execute(select(place_name)).mappings()]
    place_name.drop(bind)
    place_name.create(bind)
    if rows:
        bind.execute(place_name.insert(), rows)


def downgrade() -> None:
    """Keep the last renaming of each place, told as one from the name before the first."""
    bind = op.get_bind()
    rows = [dict(row) for row in bind.execute(select(place_name).order_by(place_name.c.at)).mappings()]
    first: dict[str, dict[str, object]] = {}
    for row in rows:
        was = first.setdefault(row["place"], row)
        first[row["place"]] = {**row, "was_title": was["was_title"], "was_database": was["was_database"]}
    place_name.drop(bind)
    key = place_name.c.place.name
    columns = [Column(c.name, c.type, primary_key=c.name == key, nullable=False) for c in place_name.columns]
    older = Table("place_name", MetaData(), *columns)
    older.create(bind)
    if first:
        bind.execute(older.insert(), list(first.values()))
