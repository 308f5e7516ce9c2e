"""Can a batch run inside a transaction of ours without meaning anything else? Only what is certain says yes."""

from typing import Final

from tsql.words import Word, words

# Its own transactions, loops that commit step by step, calls of unseen code, and what no transaction takes.
_NEVER: Final = (
    "backup", "checkpoint", "commit", "dbcc", "exec", "execute", "fulltext", "goto", "kill", "reconfigure", "restore",
    "return", "rollback", "save", "shutdown", "use", "waitfor", "while", "tran", "transaction", "procedure", "proc",
    "function", "trigger", "database", "throw",
)  # fmt: skip
_OPTIONS: Final = ("implicit_transactions", "xact_abort", "noexec", "parseonly", "fmtonly", "showplan_all",
                   "showplan_text", "showplan_xml", "remote_proc_transactions", "transaction")  # fmt: skip
# What a statement may begin with. A batch that begins with a name calls that procedure, without EXEC.
_FIRST: Final = ("alter", "begin", "create", "declare", "delete", "drop", "if", "insert", "merge", "print", "select",
                 "set", "truncate", "update", "with", ";", "raiserror")  # fmt: skip


def is_atomic(batch: str) -> bool:
    """True for plain reading, changing and defining statements. Holds two words at a time, however long the batch."""
    before: Word | None = None
    for word in words(batch):
        if before is None and not word.of(*_FIRST):
            return False
        if word.of(*_NEVER) or (before is not None and before.of("set") and word.of(*_OPTIONS)):
            return False
        before = word
    return before is not None
