"""A WinRM server on loopback in front of an emulated Windows host: the wire, and nothing of the host."""

from lab.winrm.server import Tls, WinRMServer

__all__ = ["Tls", "WinRMServer"]
