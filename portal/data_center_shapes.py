"""The shapes of cards of data centers. Answers are written from intake.data_center_view."""

from datetime import datetime

from pydantic import Field

from portal.shapes import Label, Named, Place, Shape, Titled


class LastBackup(Shape):
    id: str = Field(examples=["0123456789abcdef"])
    name: str
    size: int = Field(description="In bytes")
    at: datetime


class Work(Shape):
    number: int
    operation: Titled
    state: Named
    percent: int = Field(ge=0, le=100)
    planned_at: datetime


class Card(Place):
    state: str | None = Field(examples=["ONLINE"], description="As SQL Server calls it; null: nobody has looked yet")
    access: str | None = Field(examples=["MULTI_USER"])
    bytes: int | None = Field(description="Of all its files")
    version: str | None = Field(examples=["16.0.4135.4"])
    edition: str | None
    seen_at: datetime | None
    trouble: Label | None = Field(
        description="Why nothing is known: the server did not answer, or has no such database"
    )
    last_backup: LastBackup | None
    proven_at: datetime | None = Field(description="When a backup of it was last rehearsed: restored whole and checked")
    work: list[Work] = Field(description="What runs on it, and what waits for it")


class Offer(Shape):
    operation: str = Field(examples=["restore"])
    title: Label
    allowed: bool
    why: Label | None
    until: datetime | None = Field(description="When it may be allowed")


class OpenCard(Card):
    offers: list[Offer] = Field(description="Everything that can be done with it, and whether it would be accepted now")
