"""What people are told, worded in one place: from the event, and from the operation's own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from domain.catalog import Catalog
from domain.errors import NotFound
from domain.event import Event, Kind
from domain.job import LABELS, State
from domain.places import Estate
from domain.text import Text
from runner.store.rows import moment

TOLD: Final = frozenset(
    {
        Kind.ACCEPTED,
        Kind.REJECTED,
        Kind.WITHDRAWN,
        Kind.CANCELLED,
        Kind.REFUSED,
        Kind.MISSED,
        Kind.UNDECIDED,
        Kind.SUCCEEDED,
        Kind.FAILED,
    }
)
"""The moves that the requester is told of: it was processed, it has ended, or a person has to look (INT-3)."""

TOLD_OF_FILES: Final = frozenset({Kind.STORED, Kind.UPLOAD_REFUSED, Kind.UPLOAD_FAILED})
"""What became of an upload (DC-7)."""

_FILES: Final = {
    Kind.STORED: Text("上传成功", "the upload is ready"),
    Kind.UPLOAD_REFUSED: Text("上传未被接受", "the upload is not taken"),
    Kind.UPLOAD_FAILED: Text("上传失败", "the upload failed"),
}
_LONGEST: Final = 2000
_PROCESSED: Final = Text("已处理", "accepted by the provider")
_CLOSING: Final = Text("此邮件由系统自动发送，请勿回复。", "This message was sent by a program; nobody reads answers.")
_LINES: Final = (
    ("operation", Text("操作", "Operation")),
    ("place", Text("位置", "Place")),
    ("planned", Text("计划时间", "Planned for")),
    ("at", Text("时间", "At")),
    ("why", Text("说明", "Outcome")),
    ("opinion", Text("处理意见", "Opinion")),
    ("reason", Text("原因", "Reason")),
)


@dataclass(frozen=True, kw_only=True)
class Words:
    """Names of operations and places. One that only an earlier version knew is called by its id."""

    catalog: Catalog
    estate: Estate

    def about(self, event: Event, job: Mapping[str, Any]) -> tuple[Text, Text]:
        """Subject and text for a move of this job (a row of `to_be_told`)."""
        title, state = self.operation(job["operation"]), self._state(event, job["operation"])
        number, facts = job["number"], self._facts(event, job, title)
        subject = Text(f"运维单 {number}：{title.zh}，{state.zh}", f"Request {number}: {title.en}, {state.en}")
        return subject, Text(_page(subject.zh, facts, "zh"), _page(subject.en, facts, "en"))

    def of_file(self, event: Event) -> tuple[Text, Text]:
        """Subject and text for what became of an uploaded file."""
        facts, state = event.facts, _FILES[event.kind]
        name, place = str(facts.get("name", ""))[:200], str(facts.get("place", ""))
        subject = Text(f"{name}：{state.zh}", f"{name}: {state.en}")
        why = [t for t in map(_both, facts.get("refusals", ())) if t]
        told: dict[str, Text | None] = {
            "operation": None,
            "place": Text(place, place),
            "planned": None,
            "at": self._time(event.at, place),
            "why": Text("；".join(t.zh for t in why), "; ".join(t.en for t in why)) if why else None,
            "opinion": None,
            "reason": None,
        }
        return subject, Text(_page(subject.zh, told, "zh"), _page(subject.en, told, "en"))

    def operation(self, name: str) -> Text:
        try:
            return self.catalog.get(name).title
        except NotFound:
            return Text(name, name)

    def tells(self, name: str) -> frozenset[str]:
        """The roles whose holders are told of this operation's success."""
        try:
            return frozenset(role.value for role in self.catalog.get(name).traits.tells)
        except NotFound:
            return frozenset()

    def _state(self, event: Event, operation: str) -> Text:
        """The operation's own word for where the move led (重启成功), or the common one."""
        state = State(event.facts["to"])
        if event.kind is Kind.ACCEPTED:
            return _PROCESSED
        try:
            return self.catalog.get(operation).traits.words.get(state.value, LABELS[state])
        except NotFound:
            return LABELS[state]

    def _facts(self, event: Event, job: Mapping[str, Any], title: Text) -> dict[str, Text | None]:
        facts = event.facts
        return {
            "operation": title,
            "place": Text(job["place"], job["place"]),
            "planned": self._time(moment(job["planned_at"]), job["place"]),
            "at": self._time(event.at, job["place"]),
            "why": _both(facts.get("text")),
            "opinion": _both(facts.get("opinion") or job["opinion"]),
            "reason": _both(facts.get("reason")),
        }

    def _time(self, at: datetime, path: str) -> Text:
        """In the zone of the place's tenant; UTC where the estate has lost it."""
        place = self.estate.places.get(path)
        zone = place.tenant.zone if place else UTC
        shown = f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S} ({zone})"
        return Text(shown, shown)


def code_text(digits: str, title: Text, place: str, minutes: int) -> Text:
    """The text message of a one-time code."""
    zh = f"【运维】验证码 {digits}，{minutes} 分钟内有效，仅用于：{title.zh}，{place}。请勿告诉他人。"
    en = f"yunwei: {digits} is your code for {title.en} on {place}, for {minutes} minutes. Tell nobody."
    return Text(zh, en)


def _page(subject: str, facts: Mapping[str, Text | None], language: Any) -> str:
    told = [(label, facts[name]) for name, label in _LINES]
    mark = "：" if language == "zh" else ": "
    lines = [f"{label.to(language)}{mark}{text.to(language)}" for label, text in told if text]
    return "\n".join([subject, "", *lines, "", _CLOSING.to(language)])


def _both(value: Any) -> Text | None:
    """A fact in both languages, if it is one; never longer than people read."""
    if isinstance(value, Mapping) and {"zh", "en"} <= value.keys():
        return Text(str(value["zh"])[:_LONGEST], str(value["en"])[:_LONGEST])
    return Text(value[:_LONGEST], value[:_LONGEST]) if isinstance(value, str) and value else None
