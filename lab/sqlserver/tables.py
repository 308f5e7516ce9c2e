"""CREATE TABLE: columns and constraints, written for SQLite with T-SQL's types checked."""

from dataclasses import dataclass, field

from lab.sqlserver.cursor import Cursor
from lab.sqlserver.errors import lab_cannot
from lab.sqlserver.functions import FUNCTIONS
from lab.sqlserver.kinds import RANGES, TEXTUAL, Kind, kind_of
from lab.sqlserver.parse_calls import type_of
from lab.sqlserver.plain_end import expression
from lab.sqlserver.translate import read, translate, write
from lab.tds.answers import SqlType

_NUMBERS = (SqlType.DECIMAL, SqlType.MONEY, SqlType.FLOAT, SqlType.BIT)


@dataclass
class TableMade:
    """A table that is being read."""

    columns: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    identity: str = ""
    seed: int = 1
    key: list[str] = field(default_factory=list)


def quoted(name: str) -> str:
    """A name for SQLite."""
    return '"' + name.replace('"', '""') + '"'


def dotted(cursor: Cursor) -> list[str]:
    """A name of up to three parts; an empty part is dbo."""
    parts = [cursor.name()]
    while cursor.accept("."):
        parts.append("dbo" if cursor.peek().upper == "." else cursor.name())
    return parts


def body_of(cursor: Cursor) -> TableMade:
    """What stands between the brackets, brackets included."""
    made = TableMade()
    cursor.expect("(")
    while True:
        if cursor.peek().upper in ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
            _constraint(cursor, made)
        else:
            column_of(cursor, made)
        if not cursor.accept(","):
            break
    cursor.expect(")")
    _skip_storage(cursor)
    return made


def _skip_storage(cursor: Cursor) -> None:
    while cursor.accept("ON") or cursor.accept("TEXTIMAGE_ON"):
        cursor.name()


def column_of(cursor: Cursor, made: TableMade) -> None:
    """One column with its constraints."""
    name = cursor.name()
    if cursor.peek().upper == "AS":
        raise lab_cannot(f"computed column {name}")
    text = type_of(cursor)
    kind = kind_of(text)
    words: list[str] = []
    while cursor.peek().upper not in (",", ")", "") or cursor.peek().kind == "quoted":
        _word(cursor, made, name, words)
    if made.identity == name:
        made.columns.append(f"{quoted(name)} INTEGER PRIMARY KEY AUTOINCREMENT")
        return
    made.columns.append(" ".join([quoted(name), declared(text, kind), *words, check_of(name, kind)]))


def declared(text: str, kind: Kind) -> str:
    """The declared type, kept so that results know it. SQLite's affinity follows from its letters."""
    size = "" if "(" in text else {SqlType.DECIMAL: "(18,0)"}.get(kind.type, "")
    return f"[{text}{size}]" + (" COLLATE NOCASE" if kind.type in TEXTUAL else "")


def check_of(name: str, kind: Kind) -> str:
    """The check that a value is of the type: SQLite alone would take anything."""
    column = quoted(name)
    if kind.type in RANGES or kind.type in _NUMBERS:
        allowed = "'integer','null'" if kind.type in RANGES or kind.type == SqlType.BIT else "'integer','real','null'"
        return f"CONSTRAINT {quoted(f'lab$type${name}${kind.type.value}')} CHECK (typeof({column}) IN ({allowed}))"
    if kind.size and kind.type in TEXTUAL:
        return f"CONSTRAINT {quoted(f'lab$size${name}${kind.size}')} CHECK (length({column}) <= {kind.size})"
    return ""


def _word(cursor: Cursor, made: TableMade, name: str, words: list[str]) -> None:
    token = cursor.take()
    if token.upper == "NULL":
        return
    if token.upper == "NOT":
        cursor.expect("NULL")
        words.append("NOT NULL")
    elif token.upper == "IDENTITY":
        made.identity, made.seed = name, _identity(cursor)
    elif token.upper == "CONSTRAINT":
        cursor.name()
    elif token.upper in ("PRIMARY", "UNIQUE"):
        _column_key(cursor, made, name, words, token.upper)
    elif token.upper == "DEFAULT":
        words.append(f"DEFAULT ({_constant(cursor)})")
    elif token.upper == "CHECK":
        words.append(f"CHECK ({_in_brackets(cursor)})")
    elif token.upper == "REFERENCES":
        words.append(_reference(cursor))
    elif token.upper == "COLLATE":
        cursor.name()
    else:
        cursor.at -= 1
        raise cursor.wrong()


def _column_key(cursor: Cursor, made: TableMade, name: str, words: list[str], word: str) -> None:
    if word == "PRIMARY":
        cursor.expect("KEY")
        made.key = [name]
    else:
        words.append("UNIQUE")
    _skip_index_words(cursor)


def _skip_index_words(cursor: Cursor) -> None:
    while cursor.peek().upper in ("CLUSTERED", "NONCLUSTERED"):
        cursor.take()


def _identity(cursor: Cursor) -> int:
    if not cursor.accept("("):
        return 1
    seed = int(cursor.take().value)
    cursor.expect(",")
    if cursor.take().value != "1":
        raise lab_cannot("IDENTITY with an increment other than 1")
    cursor.expect(")")
    return seed


def _in_brackets(cursor: Cursor) -> str:
    cursor.expect("(")
    text = expression(cursor)
    cursor.expect(")")
    return _sql(text)


def _sql(text: str) -> str:
    tree = translate(read(f"SELECT {text}"), lambda table: ("", table.name)).tree
    return write(tree).removeprefix("SELECT ")


def _constant(cursor: Cursor) -> str:
    """A default. SQLite allows functions of ours in it only inside brackets, and keeps them by name."""
    if cursor.peek().upper == "(":
        return _in_brackets(cursor)
    token = cursor.take()
    text = token.raw
    if token.raw == "-":
        text += cursor.take().raw
    if token.raw.lower() in FUNCTIONS and cursor.accept("(", ")"):
        text += "()"
    return _sql(text)


def _columns(cursor: Cursor) -> list[str]:
    cursor.expect("(")
    found = []
    while True:
        found.append(cursor.name())
        if cursor.peek().upper in ("ASC", "DESC"):
            cursor.take()
        if not cursor.accept(","):
            cursor.expect(")")
            return found


def _reference(cursor: Cursor) -> str:
    table = flat(dotted(cursor)[-2:])
    columns = f" ({', '.join(map(quoted, _columns(cursor)))})" if cursor.peek().upper == "(" else ""
    actions = ""
    while cursor.accept("ON"):
        actions += f" ON {cursor.take().upper} {cursor.take().upper}"
    return f"REFERENCES {quoted(table)}{columns}{actions}"


def flat(parts: list[str]) -> str:
    """`dbo.t` is `t`, another schema's stays in front: SQLite knows no schemas inside a file."""
    return parts[-1] if len(parts) < 2 or parts[-2].lower() == "dbo" else ".".join(parts[-2:])


def _constraint(cursor: Cursor, made: TableMade) -> None:
    name = f"CONSTRAINT {quoted(cursor.name())} " if cursor.accept("CONSTRAINT") else ""
    word = cursor.take().upper
    if word in ("PRIMARY", "FOREIGN"):
        cursor.expect("KEY")
    _skip_index_words(cursor)
    if word == "CHECK":
        made.constraints.append(f"{name}CHECK ({_in_brackets(cursor)})")
        return
    columns = _columns(cursor)
    listed = ", ".join(map(quoted, columns))
    if word == "PRIMARY":
        made.key = columns
    elif word == "UNIQUE":
        made.constraints.append(f"{name}UNIQUE ({listed})")
    else:
        cursor.expect("REFERENCES")
        made.constraints.append(f"{name}FOREIGN KEY ({listed}) {_reference(cursor)}")


def create_text(schema: str, name: str, made: TableMade) -> str:
    """The statement for SQLite. A key beside an identity column becomes unique, which is all it can be there."""
    lines = [*made.columns]
    if made.key and [k.lower() for k in made.key] != [made.identity.lower()]:
        word = "UNIQUE" if made.identity else "PRIMARY KEY"
        lines.append(f"{word} ({', '.join(map(quoted, made.key))})")
        lines += [f"CHECK ({quoted(k)} IS NOT NULL)" for k in made.key if not made.identity]
    return f"CREATE TABLE {schema}.{quoted(name)} ({', '.join([*lines, *made.constraints])})"
