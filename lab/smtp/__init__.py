"""A small mail server on loopback that keeps what it takes, and goes wrong on purpose."""

from lab.smtp.faults import Fault, Switch, Taken
from lab.smtp.server import SmtpServer

__all__ = ["Fault", "SmtpServer", "Switch", "Taken"]
