"""Text messages in a log, for the demo alone: no setting leads here (see wiring.demo_couriers)."""

import sys
from typing import Final

from messages.courier import Parcel

MARK: Final = "SMS "


class LogSms:
    """Writes each message as a line of standard error."""

    def deliver(self, parcel: Parcel) -> None:
        """Never fails: a log takes everything."""
        sys.stderr.write(f"{MARK}{parcel.recipient} {parcel.body.en}\n")
        sys.stderr.flush()
