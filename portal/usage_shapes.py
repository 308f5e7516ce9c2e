"""The shapes of answers about traffic and storage. Answers are written from intake.usage_view."""

from datetime import date

from pydantic import Field

from portal.shapes import Named, Shape


class OwnDataCenter(Shape):
    path: str = Field(examples=["ledger-test/prod/ledger1"])
    title: str
    database: str


class Allowance(Shape):
    """In bytes."""

    total: int | None = Field(description="null: no limit is set")
    used: int | None = Field(description="null: not known")
    available: int | None
    used_up: bool


class Usage(Shape):
    tenant: str
    title: str
    zone: str
    expires: date | None = Field(description="The last day paid for")
    domains: list[str]
    data_centers: list[OwnDataCenter]
    traffic: Allowance
    storage: Allowance


class DayOfTraffic(Shape):
    day: date = Field(description="In the tenant's zone")
    kind: Named
    bytes: int


class DaysOfTraffic(Shape):
    items: list[DayOfTraffic]
    bytes: int = Field(description="All of them together")
