"""The shapes of our answers, for the OpenAPI document. Answers are written from intake.view; tests compare the two."""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Shape(BaseModel):
    """Closed: an answer holds these fields and no others."""

    model_config = ConfigDict(extra="forbid", json_schema_mode_override="serialization")


class Label(Shape):
    zh: str = Field(examples=["等待重启中"])
    en: str = Field(examples=["waiting to restart"])


class Named(Shape):
    name: str = Field(examples=["processed"])
    label: Label


class Titled(Shape):
    name: str = Field(examples=["iis-restart"])
    title: Label


class Reason(Shape):
    policy: str = Field(examples=["windows"])
    verdict: Literal["allow", "wait", "refuse"]
    text: Label
    values: dict[str, Any]
    until: datetime | None


class Decision(Shape):
    verdict: Literal["allow", "wait", "refuse"]
    until: datetime | None
    reasons: list[Reason]


class Execution(Shape):
    name: str = Field(examples=["waiting"])
    label: Label
    percent: int = Field(ge=0, le=100)
    attempts: int
    due_at: datetime
    latest_start: datetime
    blocked_by: int | None
    worker: str | None
    started_at: datetime | None
    ended_at: datetime | None
    stop_asked_by: str | None
    outcome: dict[str, Any] | None


class Request(Shape):
    number: int
    version: int
    rev: int
    operation: Titled
    place: str = Field(examples=["ledger-test/prod"])
    tenant: str
    params: dict[str, Any]
    description: str
    email: str
    state: Named
    execution: Execution
    planned_at: datetime
    asked_at: datetime | None
    asked_by: str
    opinion: str | None
    rating: int | None


class Version(Shape):
    number: int
    version: int
    params: dict[str, Any]
    planned_at: datetime
    asked_at: datetime
    asked_by: str
    description: str
    email: str


class Attachment(Shape):
    id: str = Field(examples=["0123456789abcdef"])
    name: str = Field(examples=["授权书.pdf"])
    media_type: str = Field(examples=["application/pdf"])
    size: int = Field(description="In bytes")
    sha256: str = Field(description="In hex")
    added_by: str
    added_at: datetime


class Message(Shape):
    id: int
    message_id: str
    job: int | None
    tenant: str | None
    kind: str = Field(examples=["succeeded"])
    channel: str = Field(examples=["mail"])
    recipient: str = Field(description="Of a phone the last four digits")
    subject: Label
    state: Literal["waiting", "sent", "failed", "off"]
    attempts: int
    next_at: datetime | None
    error: Label | None
    created_at: datetime
    sent_at: datetime | None


class Account(Shape):
    name: str
    tenant: str | None
    roles: list[str]
    active: bool
    email: str
    phone: str = Field(description="Its last four digits")


class SentCode(Shape):
    to: str = Field(description="The last four digits of your phone", examples=["••••1234"])
    expires_at: datetime
    resend_at: datetime


class Accepted(Shape):
    number: int
    state: str = Field(examples=["waiting"])
    planned_at: datetime
    decision: Decision


class Check(Shape):
    operation: str
    place: str
    planned_at: datetime | None
    decision: Decision
    slots: list[datetime]
    steps: list[Label]
    warning: Label | None = Field(description="What is lost by it: to be read before confirming")
    estimate_s: float = Field(description="How long it is likely to take, by its last runs there")


class Event(Shape):
    seq: int
    at: datetime
    job: int | None
    tenant: str | None
    kind: str = Field(examples=["asked"])
    actor: str
    facts: dict[str, Any]


class Operation(Shape):
    name: str
    title: Label
    about: str
    target: str
    interrupts_users: bool
    accepted: str
    needs: list[str]
    roles: list[str]
    grace_s: float
    params: dict[str, Any] = Field(description="JSON Schema of the parameters")


class Place(Shape):
    path: str
    title: str
    tenant: str
    kind: Literal["environment", "data-center"]
    environment: str
    entitlements: list[str]
    hosts: list[str]
    zone: str


class Worker(Shape):
    id: str
    host: str
    pid: int
    slots: int
    started_at: datetime
    beat_at: datetime
    paused: bool
    alive: bool


class Me(Shape):
    name: str
    tenant: str | None
    roles: list[str]
    scopes: list[str]
    email: str
    phone: str = Field(description="Its last four digits: where one-time codes are sent")


class Paused(Shape):
    worker: str
    paused: bool
    count: int


class Audit(Shape):
    whole: bool
    events: int
    head: str = Field(description="The last hash: write it down elsewhere")
    broken_at: int | None
    why: str


class Readiness(Shape):
    ready: bool
    checks: dict[str, str]


class Health(Shape):
    alive: Literal[True]


class Items(Shape, Generic[T]):
    items: list[T]


class Paged(Shape, Generic[T]):
    items: list[T]
    next: str | None = Field(description="The cursor of the next page; null: there is none")


class Events(Shape):
    items: list[Event]
    next: int | None = Field(description="Go on with after=next now; null: nothing more for now")
    position: int = Field(description="How far was looked: ask with after=position the next time")


class Mistaken(Shape):
    path: str = Field(examples=["params.order"])
    code: str
    zh: str
    en: str


class Problem(Shape):
    """RFC 9457."""

    type: str = Field(examples=["urn:yunwei:problem:mistake"])
    title: str
    status: int
    detail: str
    code: str
    text: Label
    instance: str | None = None
    errors: list[Mistaken] | None = None
    decision: Decision | None = None
    until: datetime | None = None
    facts: dict[str, Any] | None = None
    incident: str | None = None


class BulkItem(Shape):
    status: int
    answer: Accepted | None = None
    problem: Problem | None = None
