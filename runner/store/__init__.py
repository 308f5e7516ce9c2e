"""The store is the queue and the truth. One SQL store: SQLite in memory, SQLite in a file, PostgreSQL."""
