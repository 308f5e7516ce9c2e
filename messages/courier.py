"""What carries messages away, one adapter a channel, and how it says that one did not arrive."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.text import Text


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A message as a courier gets it. The same message always bears the same `message_id`, however often it is sent."""

    message_id: str
    recipient: str
    subject: Text
    body: Text
    created_at: datetime


class Undelivered(Exception):
    """It did not arrive, or nobody can tell whether it did."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Postponed(Undelivered):
    """Try again: the way is closed, or it may have arrived."""


class Returned(Undelivered):
    """Trying again would not help: nobody lives there."""


class Courier(Protocol):
    """Delivers within a limited time, or raises Postponed or Returned."""

    def deliver(self, parcel: Parcel) -> None:
        """Hand it over; returns when the other side has taken it."""
