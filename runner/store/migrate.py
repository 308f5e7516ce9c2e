"""Bring a store to the schema of this version. Safe to call from several processes at once."""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from runner.store.store import Store, translated


def migrate(store: Store) -> None:
    """Run the migrations that are missing. Others who start at the same time wait for it. Raises StoreDown."""
    with translated(store.url), store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7957)"))
        command.upgrade(_config(connection), "head")


def is_migrated(store: Store) -> bool:
    """Whether the store has the schema of this version. Raises StoreDown."""
    with translated(store.url), store.engine.connect() as connection:
        there = MigrationContext.configure(connection).get_current_heads()
        return set(there) == set(ScriptDirectory.from_config(_config(connection)).get_heads())


def _config(connection: Connection) -> Config:
    config = Config()
    with as_file(files("runner.store.migrations")) as folder:
        config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    return config
