"""Can a batch run inside a transaction of ours without meaning anything else? Only what is certain says yes."""

from collections.abc import Sequence
from itertools import pairwise
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
    """True for plain reading, changing and defining statements."""
    said = list(words(batch))
    if not said or not said[0].of(*_FIRST):
        return False
    return not any(w.of(*_NEVER) for w in said) and not _switches(said)


def _switches(said: Sequence[Word]) -> bool:
    return any(first.of("set") and second.of(*_OPTIONS) for first, second in pairwise(said))
