"""The shapes of answers about artifacts. Answers are written from intake.artifact_view."""

from datetime import datetime
from typing import Any

from pydantic import Field

from portal.shapes import Named, Shape


class Artifact(Shape):
    id: str = Field(examples=["0123456789abcdef"], description="What parameters of operations name")
    tenant: str
    kind: Named
    state: Named
    place: str = Field(examples=["acme/prod/books"])
    name: str = Field(examples=["账套.bak"])
    description: str
    size: int | None = Field(description="In bytes")
    sha256: str | None = Field(description="In hex; null until it is ready")
    facts: dict[str, Any] = Field(description="What was recognised; `refusals` say why it was not taken")
    job: int | None = Field(description="The request that made it")
    added_by: str
    added_at: datetime
    expires_at: datetime | None


class Link(Shape):
    artifact: str
    url: str = Field(description="Opens without a token; whoever has it may download")
    expires_at: datetime
