"""A code that was sent, as plain data, for the API and `--json`."""

from intake.codes import Sent


def of_sent(sent: Sent) -> dict[str, str]:
    """Where it went, and how long it is good for; never what it is."""
    return {"to": sent.to, "expires_at": sent.expires_at.isoformat(), "resend_at": sent.resend_at.isoformat()}
