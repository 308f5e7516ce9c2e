"""Alembic's entry: migrate the connection that `runner.store.migrate` hands over."""

from alembic import context

from runner.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
