"""Did the code come that was sent to the phone of whoever asks? (INT-10)"""

from typing import Any, Final

from domain.code import RESEND, TRIES, VALID, Code, CodeState
from domain.decision import Moment, Reason, Situation
from domain.text import Text
from policies.wording import allow, refuse, shown

POLICY: Final = "codes"
_ASK: Final = Text("请先获取验证码（发送到您的手机），再提交。", "Ask for a code first: it is sent to your phone.")
_ASKED: Final = (Moment.SUBMIT, Moment.EDIT, Moment.UPLOAD)
_AGAINST: Final[dict[CodeState, Text]] = {
    CodeState.MISSING: Text(f"此操作需要验证码。{_ASK.zh}", f"This needs a one-time code. {_ASK.en}"),
    CodeState.NOT_ASKED: Text(
        f"没有为此操作（同一位置、同样的参数）发送的有效验证码：可能已过期、已使用，或内容已修改。{_ASK.zh}",
        f"No valid code was sent for this action, place and parameters: it expired, was used, or something was edited. "
        f"{_ASK.en}",
    ),
    CodeState.TRIED_OUT: Text(
        f"已尝试 {TRIES} 次，此验证码作废。{_ASK.zh}", f"{TRIES} tries: this code is void. {_ASK.en}"
    ),
}


def code_was_right(situation: Situation) -> Reason:
    """Asked when somebody submits, edits or uploads. A schedule is exempt: it was made by somebody who may submit.

    So is the restore that an upload asked for: the upload's own code was bound to it.
    """
    if not situation.traits.code:
        return allow(POLICY, Text("此操作不需要验证码", "This operation needs no one-time code."))
    if situation.moment not in _ASKED:
        return allow(POLICY, Text("验证码已在提交时核对", "The code was checked when it was asked for."))
    code = situation.code or Code(state=CodeState.MISSING)
    state, values = code.state, {"state": code.state.value}
    if state is CodeState.RIGHT:
        return allow(POLICY, Text("验证码正确", "The code is right."), **values)
    if state is CodeState.EXEMPT:
        return allow(POLICY, Text("计划任务不需要验证码", "A schedule needs no code."), **values)
    if state is CodeState.COVERED:
        text = Text("上传时已核对验证码", "A code was used when this was asked for with an upload.")
        return allow(POLICY, text, **values)
    if state is CodeState.TO_COME:
        text = Text("提交时需要短信验证码", "A code, sent to your phone, will be asked for.")
        return allow(POLICY, text, **values)
    return _against(code, situation)


def _against(code: Code, situation: Situation) -> Reason:
    """Why not, how many tries are left, and when a new code can be asked for."""
    values: dict[str, Any] = {"state": code.state.value, "valid_s": VALID, "resend_s": RESEND}
    if code.state in (CodeState.WRONG, CodeState.TRIED_OUT):
        values["left"] = code.left
    text = _AGAINST.get(code.state)
    if text is None:
        text = Text(f"验证码错误，还可尝试 {code.left} 次。", f"The code is wrong; tries left: {code.left}.")
    if code.resend_at is None:
        return refuse(POLICY, text, **values)
    when = shown(code.resend_at, situation.place.tenant.zone)
    told = Text(f"{text.zh}{when} 起可重新获取。", f"{text.en} A new one can be asked for from {when}.")
    return refuse(POLICY, told, resend_at=code.resend_at, **values)
