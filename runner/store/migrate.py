"""Bring a store to the schema of this version. Safe to call from several processes at once.

Alembic is loaded only where there is something to do: it brings a template engine and a highlighter along, which an
idle worker would carry for nothing.
"""

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from runner.store.store import Store, translated

if TYPE_CHECKING:
    from alembic.config import Config


def migrate(store: Store) -> None:
    """Run the migrations that are missing. Others who start at the same time wait for it. Raises StoreDown."""
    if is_migrated(store):
        return
    from alembic import command

    with translated(store.url), store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7957)"))
        command.upgrade(_config(connection), "head")


def is_migrated(store: Store) -> bool:
    """Whether the store has the schema of this version. Raises StoreDown."""
    with translated(store.url), store.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        there = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return list(there) == [newest()]


def newest() -> str:
    """The number of the newest migration: they are a line, each named by its number (a test holds both)."""
    versions = files("runner.store.migrations").joinpath("versions")
    return max(f.name[:4] for f in versions.iterdir() if f.name.endswith(".py") and f.name[:4].isdigit())


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    with as_file(files("runner.store.migrations")) as folder:
        config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    return config
