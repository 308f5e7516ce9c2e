"""A letter moves only as its table says, and ends with its last day by itself."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.errors import Conflict
from domain.event import Kind
from domain.letter import FINAL, KIND_LABELS, LIFE, STATE_LABELS, Letter, LetterKind, LetterState

ENDS = datetime(2026, 12, 26, 16, tzinfo=UTC)
MOVES = sorted({kind for moves in LIFE.values() for kind in moves})
LETTER = Letter(
    number=1,
    tenant="acme",
    kind=LetterKind.DOWNLOAD,
    state=LetterState.DRAFT,
    reason="audit",
    last_day=date(2026, 12, 26),
    ends_at=ENDS,
    asked_by="li",
    asked_at=ENDS - timedelta(days=30),
)
every_state = pytest.mark.parametrize("state", list(LetterState))


@pytest.mark.req("LET-1")
@every_state
@pytest.mark.parametrize("kind", MOVES)
def test_a_letter_moves_only_as_its_table_says(state: LetterState, kind: Kind) -> None:
    letter = replace(LETTER, state=state)
    wanted = LIFE.get(state, {}).get(kind)
    if wanted is not None:
        assert letter.after(kind).state is wanted
        return
    with pytest.raises(Conflict) as conflict:
        letter.after(kind)
    assert STATE_LABELS[state].zh in conflict.value.text.zh


@pytest.mark.req("LET-2")
def test_a_letter_can_be_revoked_in_review_and_while_it_is_effective_only() -> None:
    may = {state for state, moves in LIFE.items() if Kind.LETTER_REVOKED in moves}
    assert may == {LetterState.IN_REVIEW, LetterState.EFFECTIVE}


@pytest.mark.req("LET-1")
def test_a_letter_becomes_effective_by_review_alone() -> None:
    ways = {(s, k) for s, moves in LIFE.items() for k, after in moves.items() if after is LetterState.EFFECTIVE}
    assert ways == {(LetterState.IN_REVIEW, Kind.LETTER_APPROVED)}


@pytest.mark.req("LET-2")
@every_state
def test_a_letter_counts_until_its_last_moment_and_not_a_microsecond_longer(state: LetterState) -> None:
    letter = replace(LETTER, state=state)
    assert letter.at(ENDS - timedelta(microseconds=1)) == letter
    ended = letter.at(ENDS)
    assert ended.state is (state if state in FINAL else LetterState.VOID)
    assert ended.ended_why == (None if state in FINAL else "expired")


def test_states_and_kinds_have_their_words_in_both_languages() -> None:
    assert STATE_LABELS.keys() == set(LetterState)
    assert KIND_LABELS.keys() == set(LetterKind)
    assert all(text.zh and text.en for text in (*STATE_LABELS.values(), *KIND_LABELS.values()))
