"""Reset the password of a data center's administrator."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

from domain.command import Reading, Sql
from domain.errors import Fault
from domain.operation import Judgement, Lock, Misfire, Operation, Step, Target, Traits
from domain.places import Place
from domain.request import Role
from domain.text import Text
from playbooks import sql_place
from playbooks.sql_judging import attempt, effect

USER = "administrator"


@dataclass(frozen=True, kw_only=True)
class ResetPassword(Operation):
    """Reset the password of the data center's user administrator.

    A strong password is made when the job runs, applied by the template that the provider has installed for this
    version of the ERP, and sent by mail to whoever asked, to the account's own address. It is stored nowhere and shown
    to nobody else. Sessions of administrator that are open stay open.
    """

    name: ClassVar[str] = "reset-password"
    title: ClassVar[Text] = Text("重置 administrator 密码", "Reset the administrator's password")
    traits: ClassVar[Traits] = Traits(
        target=Target.DATA_CENTER,
        takes=timedelta(minutes=1),
        roles=frozenset({Role.ENTERPRISE_ADMIN, Role.OPERATOR}),
        interrupts_users=False,
        quota_class="password",
        lock=Lock.EXCLUSIVE,
        grace=timedelta(minutes=30),
        misfire=Misfire.SKIP,
        code=True,
        words={"running": Text("重置中", "resetting"), "succeeded": Text("重置成功", "reset")},
    )

    def faults(self, place: Place) -> Iterator[Fault]:
        yield from sql_place.no_server(place)
        host = place.environment.database_host
        if host and host.sql and not host.sql.password_reset:
            zh = f"{host.path} 没有安装密码重置模板（sql.password_reset）；请服务商安装"
            en = f"{host.path} has no template that resets passwords (sql.password_reset): ask the provider"
            yield Fault("place", Text(zh, en), "not-configured")

    def plan(self, place: Place) -> Iterator[Step]:
        args: dict[str, Any] = {"database": sql_place.data_center(place).database, "user": USER}
        host = sql_place.server(place).path
        yield Step(
            key="reset",
            title=Text(f"重置 {USER} 的密码并送达", f"Reset the password of {USER} and deliver it"),
            do=Sql(host=host, verb="reset-password", args=args, fence="reset"),
            look=Sql(host=host, verb="reset-password", args={**args, "look": True}, fence="reset"),
            timeout_s=300.0,
            destructive=True,
            interruptible=False,
            effect_on=place.path,
        )

    def judge(self, step: Step, reading: Reading) -> Judgement:
        to = reading.facts.get("sent_to", "")
        return attempt(reading, f"已重置，新密码已发送到 {to}", f"reset; the new password went to {to}")

    def judge_look(self, step: Step, reading: Reading) -> Judgement:
        """An attempt that was broken off is taken as not done: another password is made, and replaces it."""
        judgement = effect(reading.facts)
        if reading.facts.get("took_effect") is not False:
            return judgement
        zh = "未能确认送达：旧密码可能已失效，新密码无人知晓；请再次重置"
        en = "It was not seen to be delivered: the old password may be gone, nobody knows the new one; reset it again"
        return replace(judgement, text=Text(zh, en))
