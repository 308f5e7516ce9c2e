"""Where a script's batches end. Each rule of the splitter is a row."""

import re

import pytest

from tsql.batches import Batch, Flaw, split

pytestmark = pytest.mark.req("SQL-5")

ONE, TWO = "SELECT 1\n", "SELECT 2"


def batches(script: str) -> list[tuple[str, int, int]]:
    found = list(split([script]))
    assert not [f for f in found if isinstance(f, Flaw)], found
    return [(b.text, b.line, b.times) for b in found if isinstance(b, Batch)]


def flaws(script: str) -> list[tuple[int, str]]:
    return [(f.line, f.code) for f in split([script]) if isinstance(f, Flaw)]


@pytest.mark.parametrize(
    "word", ["GO", "go", "Go", "gO", "  GO", "\tGO", "GO ", "GO\t", "GO 1", "GO\t1", "GO -- x", "GO--x"]
)
def test_go_as_the_first_word_of_a_line_ends_a_batch(word: str) -> None:
    assert batches(f"{ONE}{word}\n{TWO}") == [(ONE, 1, 1), (TWO, 3, 1)]


@pytest.mark.parametrize(
    "line",
    [
        "GOTO x",
        "go_live",
        "GO2",
        "go.x",
        "GO@x",
        "GO#x",
        "GO, 1",
        "GO=1",
        "GO)",
        "SELECT 1 GO",
        "ＧＯ",
        "\xa0GO",
        "GO\xa0",
    ],
)
def test_what_only_looks_like_go_is_text(line: str) -> None:
    assert batches(f"{ONE}{line}\n{TWO}") == [(f"{ONE}{line}\n{TWO}", 1, 1)]


@pytest.mark.parametrize(
    "inside",
    [
        "'\nGO\n'",
        "'it''s\nGO\n'",
        '"\nGO\n"',
        '"a""b\nGO\n"',
        "[\nGO\n]",
        "[a]]b\nGO\n]",
        "/*\nGO\n*/",
        "/* /* */\nGO\n*/",
        "/* ' */ '\nGO\n'",
        "-- ' \n",
        "-- /* \n",
        "[']",
        "'/*'",
        "'--'",
        "'\\'",
        '"\'"',
        "a - b / c * d",
    ],
)
def test_go_inside_a_string_a_name_or_a_comment_is_text_and_the_next_one_counts(inside: str) -> None:
    first = f"SELECT {inside}\n"
    assert batches(f"{first}GO\n{TWO}") == [(first, 1, 1), (TWO, 2 + first.count("\n"), 1)]


@pytest.mark.parametrize(
    ("line", "times"),
    [("GO 1", 1), ("GO 60", 60), ("GO 007", 7), ("GO 2147483647", 2147483647), ("GO 5 -- five", 5), ("GO 5--", 5)],
)
def test_a_count_after_go_says_how_often_the_batch_runs(line: str, times: int) -> None:
    assert batches(f"{ONE}{line}\n") == [(ONE, 1, times)]


@pytest.mark.parametrize(
    "tail",
    [
        " 0",
        " 00",
        " -1",
        " 1.5",
        " 0x2",
        " 2 3",
        " 2;",
        " 2147483648",
        " 99999999999999999999",
        " SELECT 1",
        ";",
        " ;",
        "(3)",
        "/* x */",
        " /* x */",
        "'x'",
        '"x"',
        "[x]",
        "!x",
        "$x",
        " ２",
        " 5x",
    ],
)
def test_anything_else_after_go_is_refused_with_its_line(tail: str) -> None:
    assert flaws(f"{ONE}GO{tail}\n{TWO}") == [(2, "bad-go")]


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("SELECT 'x", 1),
        (f"{ONE}GO\nSELECT [x", 3),
        ('\n\n"x\nGO\n', 3),
        ("\r\n/* x", 2),
        ("/* /* */", 1),
        (f"{ONE}'a''\n\n", 2),
    ],
)
def test_what_never_ends_is_refused_with_the_line_it_began_on(script: str, line: int) -> None:
    assert flaws(script) == [(line, "unclosed")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(newline: str) -> None:
    script = newline.join(["", "/* a", "b */", "SELECT 1", "GO", "GO", "", "SELECT 'a", "b'", "GO 2", "x"])
    first = newline.join(["", "/* a", "b */", "SELECT 1", ""])
    second = newline.join(["", "SELECT 'a", "b'", ""])
    assert batches(script) == [(first, 1, 1), (second, 7, 2), ("x", 11, 1)]


def test_a_batch_of_white_space_is_not_sent_and_one_of_comments_is() -> None:
    assert batches("GO\n \t\r\nGO 5\n-- only a word\nGO\n\n/* x */\nGO\n   ") == [
        ("-- only a word\n", 4, 1),
        ("\n/* x */\n", 6, 1),
    ]


def test_the_text_is_sent_unchanged_with_its_leading_lines() -> None:
    text = "\n\n  -- why\n\tSELECT 1 ;  \n\n"
    assert batches(f"{text}GO") == [(text, 1, 1)]


@pytest.mark.parametrize(
    "script",
    [
        "/* x */ GO\n",
        " /* x */\tgo",
        "/* a */ /* b */ GO\n",
        "SELECT 1 /*\n*/ GO\n",
        "/* /* */ */ GO 5",
        "/*\n\n*/GO--\n",
    ],
)
def test_a_comment_before_go_on_its_line_is_refused(script: str) -> None:
    found = flaws(script)
    assert [code for _, code in found] == ["go-after-comment"]


@pytest.mark.parametrize(
    "script", ["SELECT 1 /* x */ GO\n", "SELECT 1 AS a /* x */ go, b", "/* x */ GOTO a", "/* x */ SELECT 1"]
)
def test_go_behind_code_and_a_comment_is_a_name(script: str) -> None:
    assert batches(script) == [(script, 1, 1)]


COMMANDS = [
    "r",
    "setvar",
    "connect",
    "out",
    "error",
    "perftrace",
    "list",
    "listvar",
    "reset",
    "ed",
    "exit",
    "quit",
    "xml",
    "help",
    "serverlist",
    "on error",
    "On  Error",
    "SETVAR",
    "!!",
    "!! dir",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_sqlcmd_is_refused_with_its_line(command: str) -> None:
    assert flaws(f"{ONE} \t:{command} x\nGO\n:{command}") == [(2, "sqlcmd"), (4, "sqlcmd")]


@pytest.mark.parametrize(
    "line", [":x", ":rest", ":once", "exit", "quit", "!! dir", "SELECT :r", "':r'", "/*\n:r x\n*/", "'\n:r x'", "$(x)"]
)
def test_words_that_are_commands_only_to_sqlcmd_are_text(line: str) -> None:
    assert batches(f"{ONE}{line}\n") == [(f"{ONE}{line}\n", 1, 1)]


@pytest.mark.parametrize("character", ["\x00", chr(0xD83D), chr(0xDC00)])
def test_a_character_that_cannot_be_sent_is_refused_with_its_line(character: str) -> None:
    found = [f for f in split([f"{ONE}GO\n\n-- {character}\n"]) if isinstance(f, Flaw)]
    assert [(f.line, f.code) for f in found] == [(4, "unsendable")]
    found[0].text.en.encode()  # the message itself can be stored and sent


def test_every_flaw_is_told_in_one_go() -> None:
    assert flaws("GO 0\n:r x\n/**/ GO\nGO;\n'") == [
        (1, "bad-go"), (2, "sqlcmd"), (3, "go-after-comment"), (4, "bad-go"), (5, "unclosed"),
    ]  # fmt: skip


def test_a_message_names_what_was_found_and_speaks_both_languages() -> None:
    (flaw,) = [f for f in split(["SELECT 1\nGO 0\n"]) if isinstance(f, Flaw)]
    assert "line 2" in flaw.text.en.lower()
    assert "'0'" in flaw.text.en
    assert re.search("第 2 行", flaw.text.zh)
