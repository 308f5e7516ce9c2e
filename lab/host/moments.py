"""Wall time as Windows writes it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """The `o` format of .NET: seven decimals and `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def parse(text: str) -> datetime:
    """A moment written by `stamp`, or any ISO 8601 time with a zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without zone: {text}")
    return moment.astimezone(UTC)
