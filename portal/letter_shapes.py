"""The shapes of answers about letters, for the OpenAPI document. Answers are written from intake.letter_view."""

from datetime import date, datetime

from pydantic import Field

from portal.shapes import Named, Shape


class Letter(Shape):
    number: int
    rev: int
    tenant: str
    kind: Named
    state: Named
    reason: str
    last_day: date = Field(description="In the tenant's zone; it holds until the end of it")
    ends_at: datetime
    asked_by: str
    asked_at: datetime
    scanned_at: datetime | None
    review_due_at: datetime | None = Field(description="When the review is promised to be done")
    decided_by: str | None
    decided_at: datetime | None
    opinion: str | None
    ended_at: datetime | None
    ended_why: str | None = Field(examples=["expired", "replaced", "revoked"])
    replaced_by: int | None


class LetterScan(Shape):
    id: str = Field(examples=["0123456789abcdef"])
    letter: int
    name: str = Field(examples=["盖章.pdf"])
    media_type: str = Field(examples=["application/pdf"], description="By the content, not by the name")
    size: int = Field(description="In bytes")
    sha256: str = Field(description="In hex")
    added_by: str
    added_at: datetime
