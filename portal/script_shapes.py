"""The shapes of answers about scripts and their batches. Answers are written from intake.script_view."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from portal.shapes import Label, Shape


class Finding(Shape):
    line: int = Field(ge=1, description="Of the script, from 1")
    weight: Literal["risky", "note"]
    code: str = Field(examples=["delete-without-where"])
    text: Label


class Script(Shape):
    id: str = Field(examples=["0123456789abcdef"], description="What `params.script` of an SQL update names")
    name: str
    place: str = Field(examples=["acme/prod/books"])
    size: int = Field(description="In bytes, as UTF-8")
    sha256: str = Field(description="In hex, of the UTF-8")
    batches: int
    runs: int = Field(description="Batches, each counted as often as its GO says")
    findings: list[Finding] = Field(description="By line; at most 100, risky ones before notes")
    found: int = Field(description="All findings, also those that are not told")
    risky: int = Field(description="The risky ones among all: if there are any, the request must accept them")


class Part(Shape):
    number: int = Field(ge=1)
    colour: Literal["green", "red", "grey", "unknown"]
    line: int = Field(ge=1, description="Its first line in the script")
    last_line: int
    text: str = Field(description="At most 4,000 characters; `cut` says whether it is longer")
    cut: bool
    times: int = Field(description="How often GO says")
    done: int = Field(description="How often it was green")
    seconds: float
    ended: str = Field(description="Why, where the messages do not say", examples=["", "rolled-back", "not-executed"])
    events: list[dict[str, Any]] = Field(description="Messages, row counts and result previews, in order")
    dropped: int = Field(description="Rows and messages that were read and not kept")
    looked: bool = Field(default=False, description="Known from what the server remembers: its messages are not")


class Counts(Shape):
    green: int
    red: int
    grey: int
    unknown: int


class Parts(Shape):
    step: str | None
    counts: Counts
    items: list[Part]
    next: int | None


class Done(Shape):
    number: int
    operation: str


class WayBack(Shape):
    artifact: str = Field(description="The backup that the request took of its place")
    backed_up_at: datetime
    requests: list[Done] = Field(description="Our own work there since, newest first; what users wrote is lost as well")
    facts: dict[str, Any]
