"""What holds of every review: it is linear, it holds no more than it may, and a slow reading says the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tsql.review
from tests.unit.tsql.slowly import bare_slowly
from tsql.batches import Batch
from tsql.review import MOST_SHOWN, Finding, Weight, review
from tsql.statements import bare_changes
from tsql.words import Word, words

pytestmark = pytest.mark.req("SQL-7")

PIECES = [
    "DELETE a", "DELETE a)", "DELETE a(", "UPDATE t SET a = 1", "UPDATE t SET a = (", "WHERE", "JOIN", "(", ")", ";",
    "CASE", "END", "ELSE", "SET", "SELECT", "WITH", "ON", "AS", ",", "a.", ".", "a", "USE b", "DROP TABLE", "IF",
    "EXISTS", "BEGIN", "SET NOEXEC ON", "xp_a", "OPENROWSET", "STATISTICS", "TOP",
]  # fmt: skip
some = st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map(" ".join)


def looks(script: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the review of this script looks at a word."""
    seen, of = [0], Word.of

    def counted(word: Word, *texts: str) -> bool:
        seen[0] += 1
        return of(word, *texts)

    with monkeypatch.context() as patched:
        patched.setattr(Word, "of", counted)
        list(reviewed(script))
    return seen[0]


def reviewed(script: str) -> list[Finding]:
    return list(review([Batch(text=script, line=1)], "x"))


@pytest.mark.parametrize("piece", PIECES)
def test_twice_the_script_is_twice_the_work(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    once, twice = (looks(f"{piece} " * n, monkeypatch) for n in (200, 400))
    assert twice <= 2 * once + 100


@given(some)
def test_whatever_is_repeated_twice_as_often_is_twice_the_work(script: str) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        once, twice = (looks(f"{script} " * n, monkeypatch) for n in (20, 40))
    assert twice <= 2 * once + 40 * len(script.split())


@given(some)
def test_changes_without_where_are_those_of_a_slow_reading(script: str) -> None:
    said = list(words(script.replace(" ", "\n")))
    assert list(bare_changes(said)) == bare_slowly(said)


def test_a_parenthesis_too_many_ends_the_statement_and_hides_nothing_behind_it() -> None:
    found = reviewed("DELETE a)\nDELETE b WHERE c = 1\nDELETE d (\nDELETE e")
    assert [(f.code, f.line) for f in found] == [("delete-without-where", n) for n in (1, 3, 4)]


def test_a_name_of_any_length_is_told_shortly() -> None:
    (dotted,) = reviewed("EXEC " + ".".join(["a"] * 20_000))
    (single,) = reviewed("EXEC xp_" + "a" * 100_000)
    for finding in (dotted, single):
        assert finding.weight is Weight.FORBIDDEN
        assert len(finding.text.en) < MOST_SHOWN + 100


def test_a_batch_of_too_many_words_is_refused_with_its_line_and_never_held_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = [0]

    def counted(batch: str) -> object:
        for word in words(batch):
            read[0] += 1
            yield word

    monkeypatch.setattr(tsql.review, "MOST_WORDS", 10)
    monkeypatch.setattr(tsql.review, "words", counted)
    long = Batch(text="SELECT 1;" * 1000, line=7)
    found = list(review([Batch(text="SELECT 1;" * 3, line=1), long, Batch(text="DROP TABLE t", line=9)], "x"))
    assert [(f.line, f.weight, f.code) for f in found] == [
        (7, Weight.FORBIDDEN, "too-many-words"),
        (9, Weight.RISKY, "drop-table"),
    ]
    assert "10" in found[0].text.en
    assert "10" in found[0].text.zh
    assert read[0] < 30
