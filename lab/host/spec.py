"""How one emulated host is set up: its name, language, durations, pools, site and files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

OsLang = Literal["en-US", "zh-CN"]
StartMode = Literal["OnDemand", "AlwaysRunning"]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Durations in seconds. `second_s` is how long one second of Windows' own limits (/timeout:20) takes here."""

    service_stop_s: float = 0.3
    service_start_s: float = 0.3
    pool_stop_s: float = 0.3
    warm_up_s: float = 0.4
    reboot_s: float = 3.0
    second_s: float = 1.0

    @classmethod
    def of_restart(cls, restart_s: float) -> "Timing":
        """Durations whose iisreset takes about `restart_s`; Windows' limits shrink with it below one second."""
        part_s = restart_s / 4  # W3SVC stops, WAS stops, WAS starts, W3SVC starts
        return cls(
            service_stop_s=part_s,
            service_start_s=part_s,
            pool_stop_s=part_s,
            warm_up_s=restart_s / 2,
            reboot_s=restart_s * 3,
            second_s=min(1.0, max(restart_s, 0.02)),
        )


@dataclass(frozen=True, kw_only=True)
class HostSpec:
    """One Windows application server. `host_header` None answers every name, as a binding without host does."""

    name: str
    accounts: Mapping[str, str] = field(repr=False)
    os_lang: OsLang = "en-US"
    timing: Timing = Timing()
    pools: tuple[str, ...] = ("K3Cloud",)
    start_mode: StartMode = "OnDemand"
    site: str = "K3Cloud"
    site_path: str = "/K3Cloud/"
    host_header: str | None = None
    site_port: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)
