"""The shapes of what we are asked, for the OpenAPI document; intake reads the bodies itself, all mistakes at once."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.errors import Fault
from domain.job import RequestState, State
from domain.keeping import Keeping
from domain.letter import LetterKind, LetterState
from domain.usage import TrafficKind
from intake.attach import MAX_NAME
from intake.change import MAX_REASON
from intake.links import MOST_S as MOST_LINK_S
from intake.parse import MAX_DESCRIPTION, MAX_EMAIL, MAX_PHONE, read_day, read_moment
from intake.parts import MOST as MOST_PARTS
from intake.read import MOST, MOST_EVENTS
from intake.submit import MOST_IN_BULK

MAX_NUMBER: Final = 2**63 - 1
_AT: Final = "2026-11-24T03:30:00+08:00"


def _moment(value: Any) -> Any:
    return _read(read_moment, value)


def _day(value: Any) -> Any:
    return _read(read_day, value)


def _read(read: Callable[[Any, str, list[Fault]], Any], value: Any) -> Any:
    faults: list[Fault] = []
    found = read(value, "", faults)
    if faults:
        text = faults[0].text
        raise PydanticCustomError("invalid", "{en}", {"zh": text.zh, "en": text.en})
    return found


def _plain_text(value: Any) -> Any:
    if isinstance(value, str) and any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise PydanticCustomError(
            "control-characters", "{en}", {"zh": "含有控制字符", "en": "Holds control characters"}
        )
    return value


_MOMENT_SCHEMA: Final[dict[str, Any]] = {"type": "string", "format": "date-time", "examples": [_AT]}
Moment = Annotated[Any, BeforeValidator(_moment), WithJsonSchema(_MOMENT_SCHEMA)]
"""An RFC 3339 time with an offset, as a query parameter; None or an aware datetime."""

Day = Annotated[Any, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day as a query parameter; None or a date."""

PlainText = Annotated[str, BeforeValidator(_plain_text)]
"""A query parameter without control characters (PostgreSQL cannot even be asked for them)."""


class Asked(BaseModel):
    """Closed: an unknown field, or query parameter, is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Wanted(Asked):
    """The query of a list of requests."""

    state: RequestState | None = None
    execution: list[State] = Field(default=[], max_length=len(State))
    operation: PlainText | None = Field(default=None, min_length=1, max_length=200)
    place: PlainText | None = Field(default=None, min_length=1, max_length=200)
    tenant: PlainText | None = Field(default=None, min_length=1, max_length=200)
    asked_from: Moment = Field(default=None, description="Asked at this time or later")
    asked_to: Moment = Field(default=None, description="Asked before this time")
    text: PlainText | None = Field(default=None, max_length=200, description="In description, opinion, submitter")
    limit: int = Field(default=50, ge=1, le=MOST)
    cursor: str | None = Field(default=None, pattern="^[1-9][0-9]{0,17}$", description="`next` of the page before")


class After(Asked):
    """The query of a page or stream of events."""

    after: int = Field(default=0, ge=0, le=MAX_NUMBER, description="Only what has a greater sequence number")
    limit: int = Field(default=MOST_EVENTS, ge=1, le=MOST_EVENTS)


class Messages(Asked):
    """The query of a list of messages."""

    state: Literal["waiting", "sent", "failed", "off"] | None = None
    job: int | None = Field(default=None, ge=1, le=MAX_NUMBER, description="Only those about this request")
    limit: int = Field(default=50, ge=1, le=MOST)
    cursor: str | None = Field(default=None, pattern="^[1-9][0-9]{0,17}$", description="`next` of the page before")


class FileName(Asked):
    """The query of a file that is sent."""

    name: PlainText = Field(min_length=1, max_length=MAX_NAME, description="Its file name", examples=["授权书.pdf"])


class ScriptFile(Asked):
    """The query of a script that is handed in."""

    place: PlainText = Field(min_length=1, max_length=200, description="The data center", examples=["acme/prod/books"])
    name: PlainText = Field(default="script.sql", min_length=1, max_length=MAX_NAME, description="Its file name")
    encoding: PlainText = Field(default="", max_length=20, description="Of a file without a byte order mark")


class PartsWanted(Asked):
    """The query of a page of parts."""

    colour: Literal["green", "red", "grey", "unknown"] | None = None
    after: int = Field(default=0, ge=0, le=MAX_NUMBER, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=MOST_PARTS)


class Back(Asked):
    """How a request's place is restored from the backup that it took."""

    how: Literal["beside", "in-place"] | None = None
    planned_at: Annotated[str | None, Field(json_schema_extra={"format": "date-time"}, examples=[_AT])] = None
    description: str | None = Field(default=None, max_length=MAX_DESCRIPTION)
    email: str | None = Field(default=None, max_length=MAX_EMAIL)
    confirm: bool | None = Field(default=None, description="true: a restore interrupts users")
    code: str | None = Field(default=None, description="The one-time code, when restores ask for one (POST /codes)")


class Ask(Asked):
    operation: str = Field(max_length=100, examples=["iis-restart"])
    place: str = Field(max_length=200, examples=["ledger-test/prod"])
    params: dict[str, Any] = Field(default={}, examples=[{"order": "one-by-one"}])
    planned_at: Annotated[str | None, Field(json_schema_extra={"format": "date-time"}, examples=[_AT])] = None
    description: str | None = Field(default=None, max_length=MAX_DESCRIPTION, examples=["补丁后重启"])
    email: str | None = Field(default=None, max_length=MAX_EMAIL)
    confirm: bool | None = Field(default=None, description="true, when the operation interrupts users")
    code: str | None = Field(
        default=None, description="The one-time code, when the operation asks for one (POST /codes)"
    )


class AskCode(Asked):
    """What will be submitted; or `request`, with the new `params` if they change, for an edit."""

    operation: str | None = Field(default=None, max_length=100, examples=["sql-update"])
    place: str | None = Field(default=None, max_length=200, examples=["acme/prod/books"])
    params: dict[str, Any] | None = None
    planned_at: Annotated[str | None, Field(json_schema_extra={"format": "date-time"}, examples=[_AT])] = None
    description: str | None = Field(default=None, max_length=MAX_DESCRIPTION)
    email: str | None = Field(default=None, max_length=MAX_EMAIL)
    confirm: bool | None = None
    request: int | None = Field(default=None, ge=1, le=MAX_NUMBER, description="The request that will be edited")


class AskUploadCode(Asked):
    size: int = Field(ge=1, description="In bytes")
    metadata: dict[str, str] = Field(examples=[{"filename": "books.bak", "place": "acme/prod/books"}])


class Bulk(Asked):
    requests: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MOST_IN_BULK,
        description="Each as for POST /requests; each is judged on its own",
        examples=[[{"operation": "iis-restart", "place": "ledger-test/prod", "planned_at": _AT, "confirm": True}]],
    )


class Edit(Asked):
    planned_at: Annotated[str | None, Field(json_schema_extra={"format": "date-time"}, examples=[_AT])] = None
    description: str | None = Field(default=None, max_length=MAX_DESCRIPTION)
    params: dict[str, Any] | None = Field(default=None, description="All of them: what is left out has its default")
    code: str | None = Field(default=None, description="The one-time code, when the operation asks for one")


class Contact(Asked):
    """What is left out stays as it is; null takes one away."""

    email: str | None = Field(default=None, max_length=MAX_EMAIL, examples=["ops@example.com"])
    phone: str | None = Field(default=None, max_length=MAX_PHONE, examples=["+8613800000000"])


class Reason(Asked):
    reason: str = Field(min_length=1, max_length=MAX_REASON, examples=["改期"])


class Opinion(Asked):
    opinion: str | None = Field(default=None, max_length=MAX_REASON, examples=["同意"])


class Rejection(Asked):
    opinion: str = Field(min_length=1, max_length=MAX_REASON, examples=["请改到周末"])


class Resolution(Asked):
    word: str = Field(json_schema_extra={"enum": ["done", "run-again", "failed"]}, examples=["done"])
    opinion: str = Field(min_length=1, max_length=MAX_REASON, examples=["已登录主机核实"])


class Rating(Asked):
    level: int = Field(ge=1, le=5, examples=[5])
    text: str | None = Field(default=None, max_length=MAX_REASON)


class WantedLetters(Asked):
    """The query of a list of letters."""

    kind: LetterKind | None = None
    state: LetterState | None = None
    tenant: PlainText | None = Field(default=None, min_length=1, max_length=200)
    limit: int = Field(default=50, ge=1, le=MOST)
    cursor: str | None = Field(default=None, pattern="^[1-9][0-9]{0,17}$", description="`next` of the page before")


class AskLetter(Asked):
    kind: str = Field(json_schema_extra={"enum": [k.value for k in LetterKind]}, examples=["download"])
    reason: str = Field(min_length=1, max_length=MAX_REASON, examples=["年度审计"])
    last_day: Annotated[
        str | None,
        Field(
            json_schema_extra={"format": "date"},
            examples=["2026-12-26"],
            description="In the tenant's zone; left out: a month ahead",
        ),
    ] = None


class WantedArtifacts(Asked):
    """The query of a list of artifacts."""

    kind: PlainText | None = Field(default=None, min_length=1, max_length=20, examples=["backup"])
    state: Keeping | None = None
    place: PlainText | None = Field(default=None, min_length=1, max_length=200)
    tenant: PlainText | None = Field(default=None, min_length=1, max_length=200)
    limit: int = Field(default=50, ge=1, le=MOST)
    cursor: str | None = Field(
        default=None, pattern="^[0-9]{1,18}-[0-9a-f]{16}$", description="`next` of the page before"
    )


class AskLink(Asked):
    valid_s: int | None = Field(default=None, ge=1, le=MOST_LINK_S, description="In seconds; left out: an hour")


class WhoseUsage(Asked):
    """The query of a tenant's traffic and storage."""

    tenant: PlainText | None = Field(default=None, min_length=1, max_length=200)


class WantedDays(WhoseUsage):
    """The query of what left day by day."""

    kind: TrafficKind | None = None
    first: Day = Field(default=None, description="The first day, in the tenant's zone")
    last: Day = Field(default=None, description="The last day")
