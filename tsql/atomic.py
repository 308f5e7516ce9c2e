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


_MAY_COMMIT: Final = ("commit", "exec", "execute")


def may_commit(batch: str) -> bool:
    """Whether it may end a transaction that is open before it, so that what was done in it stays."""
    said = words(batch)
    first = next(said, None)
    if first is None:
        return False
    return not first.of(*_FIRST, "commit", "rollback", "use", "waitfor", "while", "return", "throw", "goto", "save",
                        "dbcc", "checkpoint") or any(w.of(*_MAY_COMMIT) for w in (first, *said))  # fmt: skip


def begins_by_itself(batch: str) -> bool:
    """Whether it switches to transactions that begin by themselves: no statement of ours may then end them."""
    return any(word.of("implicit_transactions") for word in words(batch))


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
