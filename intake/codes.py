"""One-time codes: ask for one, try one, use one. Its digits are on their way to a phone, and nowhere else in clear.

A code is tried in a transaction of its own: a wrong try counts although the request is refused. It is used in the
transaction that accepts the request.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from domain.code import DIGITS, MOST_A_DAY, RESEND, TRIES, VALID, Code, CodeState
from domain.errors import Conflict, Fault, Mistake, NotFound, Unreachable
from domain.event import Event, Kind
from domain.operation import Operation
from domain.places import Place
from domain.request import Actor, Role
from domain.text import Text
from intake.desk import Desk, open_request
from intake.parse import draft, unknown_keys
from intake.people import masked
from intake.read import MAX_NUMBER
from intake.taking import check_artifacts
from messages.outbox import SMS, Letter
from messages.words import code_text
from runner.store.rows import dumps, moment
from runner.store.tx import Row, Tx

KEY: Final = "code-key"
_SHAPE: Final = frozenset("0123456789")


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a code is for: whoever has it can do this and nothing else. `bound` stands for the parameters."""

    account: str
    action: str
    place: str
    bound: str


@dataclass(frozen=True, kw_only=True)
class Sent:
    """Where a code went, and how long it is good for."""

    to: str
    expires_at: datetime
    resend_at: datetime


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What a try said; `id` is that of the right code, to be used."""

    code: Code
    id: int | None = None


def ask(desk: Desk, actor: Actor, body: Mapping[str, Any]) -> Sent:
    """Send a code for a submit: `body` is what will be submitted. For an edit: `{request: number, params: …}`.

    Raises Mistake (also for an account without a phone), NotFound, Conflict (too soon, or too many), and Unreachable
    where no gateway is set.
    """
    if "request" in body:
        return _ask_for_edit(desk, actor, body)
    wish = draft({k: v for k, v in body.items() if k != "code"}, desk.catalog, desk.estate, confirmed=False)
    desk.place(wish.place.path, actor)
    if not wish.operation.traits.code:
        text = Text("此操作不需要验证码", "This operation needs no one-time code")
        raise Mistake(text, (Fault("operation", text, "no-code"),))

    def write(tx: Tx) -> Sent:
        check_artifacts(tx, wish)
        return send(desk, tx, for_submit(actor, wish.operation, wish.place), wish.operation.title)

    return desk.store.write(write)


def send(desk: Desk, tx: Tx, purpose: Purpose, title: Text) -> Sent:
    """Make a code and put it into the outbox. The one before it, for the same action and place, is void."""
    if SMS not in desk.outbox.channels:
        zh = "没有配置短信网关（YUNWEI_SMS），验证码无法发送；请服务商配置"
        en = "No gateway for text messages is set (YUNWEI_SMS), so no code can be sent: the provider has to set one"
        raise Unreachable(Text(zh, en))
    now = tx.now()
    phone = _phone(tx, purpose.account)
    _check_pace(tx, purpose, now)
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    key = {"account": purpose.account, "action": purpose.action, "place": purpose.place}
    tx.moved("void_codes", **key, now=now)
    row = tx.row("insert_code", **asdict(purpose), sent_at=now, expires_at=now + VALID, digest="")
    if row is None:
        raise RuntimeError("the store gave no number")
    tx.moved("seal_code", id=row["id"], digest=_digest(_key(tx), row["id"], digits))
    text = code_text(digits, title, purpose.place, int(VALID.total_seconds() // 60))
    subject = Text("验证码", "one-time code")
    letter = Letter(
        key=f"code|{row['id']}",
        kind="code",
        channel=SMS,
        recipient=phone,
        subject=subject,
        body=text,
        expires_at=now + VALID,
    )
    desk.outbox.put(tx, letter)
    told = {"action": purpose.action, "place": purpose.place, "to": masked(phone)}
    tx.append(_event(tx, Kind.CODE_SENT, purpose, told))
    return Sent(to=masked(phone), expires_at=now + VALID, resend_at=now + RESEND)


def for_submit(actor: Actor, operation: Operation, place: Place) -> Purpose:
    """Bound to every parameter: an edit of any of them voids the code."""
    return Purpose(account=actor.name, action=operation.name, place=place.path, bound=_bound(asdict(operation)))


def for_edit(actor: Actor, number: int, operation: Operation, place: str) -> Purpose:
    """For an edit of that request, and the parameters that it will have."""
    bound = _bound({"request": number, "params": asdict(operation)})
    return Purpose(account=actor.name, action=f"edit {operation.name}", place=place, bound=bound)


def attempt(desk: Desk, actor: Actor, purpose: Purpose, given: object) -> Tried:
    """Try a code. Commits: a wrong try is counted whatever becomes of the request."""
    if Role.SCHEDULER in actor.roles:
        return Tried(code=Code(state=CodeState.EXEMPT))
    if given is None or given == "":
        return Tried(code=Code(state=CodeState.MISSING))
    return desk.store.write(lambda tx: _attempt(tx, purpose, given))


def use(tx: Tx, tried: Tried) -> bool:
    """Use the code that was tried, in the transaction of what it is for. False: somebody else has used it."""
    if tried.code.state in (CodeState.EXEMPT, CodeState.COVERED):
        return True
    return tried.id is not None and tx.moved("use_code", id=tried.id, now=tx.now()) == 1


def _attempt(tx: Tx, purpose: Purpose, given: object) -> Tried:
    row, resend_at = tx.row("open_code", **asdict(purpose), now=tx.now()), _resend_at(tx, purpose)
    if row is None:
        return Tried(code=Code(state=CodeState.NOT_ASKED, resend_at=resend_at))
    # The guarded write counts the try before it is compared: fifty at once get no more than five.
    counted = tx.row("try_code", id=row["id"], most=TRIES)
    if counted is None:
        return Tried(code=Code(state=CodeState.TRIED_OUT, resend_at=resend_at))
    if _is_right(tx, row, given):
        return Tried(code=Code(state=CodeState.RIGHT), id=row["id"])
    left = TRIES - counted["tries"]
    facts = {"action": purpose.action, "place": purpose.place, "left": left}
    tx.append(_event(tx, Kind.CODE_WRONG, purpose, facts))
    state = CodeState.WRONG if left else CodeState.TRIED_OUT
    return Tried(code=Code(state=state, left=left, resend_at=resend_at))


def _event(tx: Tx, kind: Kind, purpose: Purpose, facts: Mapping[str, Any]) -> Event:
    tenant = purpose.place.split("/")[0]
    return Event(kind=kind, at=tx.now(), tenant=tenant, actor=purpose.account, facts=facts)


def _resend_at(tx: Tx, purpose: Purpose) -> datetime | None:
    """When a new one may be asked for; None: now."""
    last = tx.row("last_code", account=purpose.account, action=purpose.action, place=purpose.place)
    at = moment(last["sent_at"]) + RESEND if last else None
    return at if at and at > tx.now() else None


def _is_right(tx: Tx, row: Row, given: object) -> bool:
    if not isinstance(given, str) or len(given) != DIGITS or not _SHAPE.issuperset(given):
        return False
    return hmac.compare_digest(_digest(_key(tx), row["id"], given), row["digest"])


def _ask_for_edit(desk: Desk, actor: Actor, body: Mapping[str, Any]) -> Sent:
    number, params = body["request"], body.get("params")
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"request", "params"}), faults)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= MAX_NUMBER:
        faults.append(Fault("request", Text("应为运维单号", "Must be the number of a request")))
    if params is not None and not isinstance(params, Mapping):
        faults.append(Fault("params", Text("应为对象", "Must be an object")))
    if faults:
        raise Mistake(Text("请求内容有误", "The request has mistakes"), tuple(faults))

    def write(tx: Tx) -> Sent:
        was = open_request(desk, tx, number, actor)
        operation = was.operation if params is None else desk.catalog.build(was.request.operation, params)
        return send(desk, tx, for_edit(actor, number, operation, was.request.place), operation.title)

    return desk.store.write(write)


def _phone(tx: Tx, account: str) -> str:
    # Locked: of two that ask at once the second sees what the first was sent, and how many that makes today.
    row = tx.row("account_for_update", name=account)
    if row is None:
        raise NotFound(Text(f"没有账户 {account}", f"There is no account {account}"), account=account)
    if not row["phone"]:
        zh = "您的账户没有登记手机，无法接收验证码；请服务商登记（user set --phone）"
        en = "Your account has no phone to send a code to: the provider can add it (user set --phone)"
        raise Mistake(Text(zh, en), (Fault("account", Text(zh, en), "no-phone"),))
    return str(row["phone"])


def _check_pace(tx: Tx, purpose: Purpose, now: datetime) -> None:
    at = _resend_at(tx, purpose)
    if at is not None:
        wait_s = max(1, round((at - now).total_seconds()))
        zh, en = f"验证码刚刚发送过，{wait_s} 秒后可重新获取", f"A code was sent just now; ask again in {wait_s} s"
        raise Conflict(Text(zh, en), resend_at=at.isoformat(), retry_s=wait_s)
    counted = tx.row("count_codes", account=purpose.account, since=now - timedelta(days=1))
    if counted is not None and counted["codes"] >= MOST_A_DAY:
        zh, en = f"24 小时内最多 {MOST_A_DAY} 个验证码", f"At most {MOST_A_DAY} codes in 24 hours"
        raise Conflict(Text(zh, en), most=MOST_A_DAY)


def _bound(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(dumps(facts).encode("utf-8", "surrogatepass")).hexdigest()


def _key(tx: Tx) -> bytes:
    """This store's own key: who has a copy of the table of codes alone cannot try them out."""
    row = tx.row("setting", name=KEY)
    if row is None:
        tx.moved("put_setting", name=KEY, value=secrets.token_hex(32))
        row = tx.row("setting", name=KEY)
    if row is None:
        raise RuntimeError("the store keeps no settings")
    return bytes.fromhex(row["value"])


def _digest(key: bytes, id_: int, digits: str) -> str:
    return hmac.new(key, f"{id_}:{digits}".encode(), hashlib.sha256).hexdigest()
