"""What needs a letter of authorization is allowed by the tenant's own, whoever of its people asks."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.decision import Moment, Situation, Verdict
from domain.letter import Letter, LetterKind, LetterState
from domain.request import Actor, Role
from policies import ASKED
from policies.letters import has_letter

pytestmark = pytest.mark.req("LET-3")
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)


def letter(kind: LetterKind = LetterKind.DOWNLOAD, **changes: Any) -> Letter:
    facts: dict[str, Any] = {
        "number": 7,
        "tenant": "acme",
        "kind": kind,
        "state": LetterState.EFFECTIVE,
        "reason": "r",
        "last_day": date(2026, 12, 23),
        "ends_at": AT + timedelta(days=30),
        "asked_by": "somebody",
        "asked_at": AT,
    }
    return Letter(**{**facts, **changes})


def test_an_operation_that_needs_none_is_allowed_without(situation: Callable[..., Situation]) -> None:
    assert has_letter(situation()).verdict is Verdict.ALLOW


@pytest.mark.parametrize("role", [Role.ENTERPRISE_ADMIN, Role.IT_OPS])
@pytest.mark.parametrize("kind", list(LetterKind))
def test_an_effective_letter_allows_and_is_named_with_its_last_day(
    situation: Callable[..., Situation], kind: LetterKind, role: Role
) -> None:
    actor = Actor(name="another", tenant="acme", roles=frozenset({role}))
    reason = has_letter(situation(traits={"letter": kind.value}, letters=(letter(kind),), actor=actor))
    assert reason.verdict is Verdict.ALLOW
    assert (reason.values["letter"], reason.values["last_day"]) == (7, "2026-12-23")
    for text in (reason.text.zh, reason.text.en):
        assert "7" in text
        assert "2026-12-23" in text


@pytest.mark.parametrize("letters", [(), (letter(LetterKind.RESTORE),)])
def test_without_one_of_that_kind_it_is_refused_and_told_what_to_do(
    situation: Callable[..., Situation], letters: tuple[Letter, ...]
) -> None:
    reason = has_letter(situation(traits={"letter": "download"}, letters=letters))
    assert reason.verdict is Verdict.REFUSE
    assert "下载授权书" in reason.text.zh
    assert "扫描件" in reason.text.zh
    assert "hand in its stamped scan" in reason.text.en


@pytest.mark.parametrize(
    ("left", "verdict"), [(timedelta(microseconds=1), Verdict.ALLOW), (timedelta(0), Verdict.REFUSE)]
)
def test_it_must_still_hold_when_the_work_starts(
    situation: Callable[..., Situation], left: timedelta, verdict: Verdict
) -> None:
    asked = situation(at=AT, traits={"letter": "download"}, letters=(letter(ends_at=AT + left),))
    assert has_letter(asked).verdict is verdict


def test_it_is_asked_whenever_something_is_planned_or_starts_and_never_of_a_cancel() -> None:
    asking = {moment for moment, rules in ASKED.items() if has_letter in rules}
    assert asking >= {Moment.SUBMIT, Moment.EDIT, Moment.APPROVAL, Moment.START}
    assert Moment.CANCEL not in asking
