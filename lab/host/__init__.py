"""The emulated Windows/IIS host of the lab, its ledger of effects and its fault switch."""

from lab.host.faults import FAULTS
from lab.host.host import Host
from lab.host.ledger import Effect, Ledger, Origin
from lab.host.spec import HostSpec, Timing

__all__ = ["FAULTS", "Effect", "Host", "HostSpec", "Ledger", "Origin", "Timing"]
