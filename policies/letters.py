"""Has the tenant authorized this by a letter? (LET-2, LET-3) Whoever of its people asks: the letter is the tenant's."""

from typing import Final

from domain.decision import Reason, Situation
from domain.letter import KIND_LABELS, Letter, LetterKind
from domain.text import Text
from policies.wording import allow, refuse

POLICY: Final = "letters"


def has_letter(situation: Situation) -> Reason:
    """An effective letter of the kind that the operation needs, one that still holds when the work starts."""
    if situation.traits.letter is None:
        return allow(POLICY, Text("此操作不需要授权书", "This operation needs no letter of authorization."))
    kind = LetterKind(situation.traits.letter)
    letter = next((each for each in situation.letters if each.kind is kind), None)
    if letter is None:
        return _none(kind)
    values = {"kind": kind.value, "letter": letter.number, "last_day": f"{letter.last_day}"}
    if situation.at >= letter.ends_at:
        return refuse(POLICY, _too_short(letter), at=situation.at, **values)
    name = KIND_LABELS[kind]
    zh = f"{name.zh} {letter.number} 有效，至 {letter.last_day}（含当日）"
    en = f"The {name.en} {letter.number} is effective until the end of {letter.last_day}."
    return allow(POLICY, Text(zh, en), **values)


def _none(kind: LetterKind) -> Reason:
    name = KIND_LABELS[kind]
    zh = f"没有已生效的{name.zh}。请申请{name.zh}，上传盖章的扫描件，待服务商审核通过后再试。"
    en = (
        f"There is no effective {name.en}. Ask for one, hand in its stamped scan, "
        "and try again when the provider has approved it."
    )
    return refuse(POLICY, Text(zh, en), kind=kind.value, letter=None)


def _too_short(letter: Letter) -> Text:
    name = KIND_LABELS[letter.kind]
    zh = f"{name.zh} {letter.number} 的有效期至 {letter.last_day}，早于计划时间。请另选时间，或申请新的{name.zh}。"
    en = (
        f"The {name.en} {letter.number} ends with {letter.last_day}, before the planned time. "
        "Choose an earlier time, or ask for a new letter."
    )
    return Text(zh, en)
