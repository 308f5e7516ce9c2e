"""A new password on its way to whoever asked for it: handed to the mail server at once, and written down nowhere.

Not through the outbox: what lies there is stored. If the mail server does not take it, the reset has failed, and the
password that nobody knows is replaced by the next one.
"""

import threading
import uuid
from collections.abc import Mapping
from typing import Final

from domain.errors import Broke
from domain.secret import DOTS, Secret
from domain.text import Text
from messages.courier import Courier, Parcel, Postponed, Undelivered
from messages.outbox import MAIL
from runner.store.rows import dumps
from runner.store.store import Store

TRIES: Final = 3
PAUSE_S: Final = 2.0


class PasswordPost:
    """`couriers` by channel. It goes to the account's own address: that of the request may be anybody's."""

    def __init__(self, store: Store, couriers: Mapping[str, Courier]) -> None:
        self._store, self._couriers = store, couriers

    def check(self, job: int) -> None:
        """Raises Broke, nothing begun, if it could not be delivered."""
        if MAIL not in self._couriers:
            zh = "没有配置邮件（YUNWEI_MAIL），新密码无法送达"
            en = "No mail is set (YUNWEI_MAIL): a new password could not be delivered"
            raise Broke(Text(zh, en), started=False)
        if not self._address(job):
            zh = "申请人的账户没有登记邮箱，新密码无法送达；请先登记（user contact --email）"
            en = "The account that asked has no e-mail address for a password: add it first (user contact --email)"
            raise Broke(Text(zh, en), started=False)

    def deliver(self, job: int, user: str, password: Secret) -> str:
        """Hand it to the mail server; answers to whom it went, masked. Raises Broke."""
        address = self._address(job)
        parcel = Parcel(
            message_id=f"password-{uuid.uuid4().hex}",
            recipient=address,
            subject=Text(f"运维单 {job}：{user} 的新密码", f"Request {job}: the new password of {user}"),
            body=_body(user, password),
            created_at=self._store.clock.now(),
        )
        for left in reversed(range(TRIES)):
            try:
                self._couriers[MAIL].deliver(parcel)
                return _masked(address)
            except Undelivered as why:
                if left == 0 or not isinstance(why, Postponed):
                    raise _lost(why) from None
                threading.Event().wait(PAUSE_S)
        raise AssertionError("the last try answers or raises")

    def _address(self, job: int) -> str:
        rows = self._store.rows("to_be_told", numbers=dumps([job]))
        return str(rows[0]["account_email"] or "") if rows else ""


def _body(user: str, password: Secret) -> Text:
    word = password.open()
    zh = f"{user} 的新密码：{word}\n请立即登录并修改；此邮件是它唯一的副本。"
    en = f"The new password of {user}: {word}\nSign in and change it at once; this mail is its only copy."
    return Text(zh, en)


def _masked(address: str) -> str:
    name, _, host = address.partition("@")
    return f"{name[:1]}{DOTS}@{host}"


def _lost(why: Undelivered) -> Broke:
    zh = f"密码已重置，但新密码未能送达（{why.text.zh}），没有人知道它：请再次重置"
    en = f"The password was reset, but the new one was not delivered ({why.text.en}). Nobody knows it: reset it again"
    return Broke(Text(zh, en))
