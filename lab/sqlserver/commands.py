"""Which administration statement a plain statement is, by its first words."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lab.sqlserver import alter, backup, ddl, grants, media_views, modules, principals, restore, small
from lab.sqlserver.errors import lab_cannot
from lab.sqlserver.module_text import WORDS
from lab.sqlserver.scope import Scope
from lab.sqlserver.statements import Plain
from lab.tds.answers import Answer

if TYPE_CHECKING:
    from lab.sqlserver.session import LabSession

Command = Callable[["LabSession", Scope, Plain], Iterator[Answer]]

COMMANDS: dict[tuple[str, ...], Command] = {
    ("CREATE", "TABLE"): ddl.create_table,
    ("DROP", "TABLE"): ddl.drop_table,
    ("TRUNCATE", "TABLE"): ddl.truncate,
    ("ALTER", "TABLE"): ddl.alter_table,
    ("CREATE", "INDEX"): ddl.create_index,
    ("CREATE", "UNIQUE"): ddl.create_index,
    ("CREATE", "CLUSTERED"): ddl.create_index,
    ("CREATE", "NONCLUSTERED"): ddl.create_index,
    ("DROP", "INDEX"): ddl.drop_index,
    ("CREATE", "DATABASE"): alter.create_database,
    ("DROP", "DATABASE"): alter.drop_database,
    ("ALTER", "DATABASE"): alter.alter_database,
    ("ALTER", "AUTHORIZATION"): principals.alter_authorization,
    ("CREATE", "LOGIN"): principals.create_login,
    ("CREATE", "USER"): principals.create_user,
    ("ALTER", "USER"): principals.alter_user,
    ("ALTER", "ROLE"): principals.alter_role,
    ("CREATE", "ROLE"): principals.create_role,
    ("DROP", "ROLE"): principals.drop_user,
    ("DROP", "USER"): principals.drop_user,
    ("ALTER", "LOGIN"): principals.alter_login,
    ("DROP", "LOGIN"): principals.drop_login,
    ("ALTER", "SERVER"): principals.alter_server_role,
    ("GRANT",): grants.grant,
    ("REVOKE",): grants.grant,
    ("DENY",): grants.grant,
    **{(verb, word): modules.create for verb in ("CREATE", "ALTER") for word in ("OR", *WORDS)},
    **{("DROP", word): modules.drop for word in WORDS},
    ("BACKUP",): backup.backup,
    ("RESTORE", "DATABASE"): restore.restore,
    ("RESTORE",): media_views.look,
    ("KILL",): small.kill,
    ("DBCC",): small.dbcc,
    ("CHECKPOINT",): small.nothing,
}
_QUERIES = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}


def command_of(statement: Plain) -> Command | None:
    """The command, or None for queries and changes of rows. Raises SqlError for what the lab does not know."""
    words = statement.words(2)
    found = COMMANDS.get(words) or COMMANDS.get(words[:1])
    inserts = words[0] == "INSERT" and any(t.upper in ("EXEC", "EXECUTE") for t in statement.tokens)
    if found is None and (words[0] not in _QUERIES or inserts):
        raise lab_cannot(statement.text)
    return found
