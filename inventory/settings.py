"""Everything that can be set for a process: by variables, by options of the command line, or left as it is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from domain.errors import Fault, Mistake
from domain.text import Text

PREFIX: Final = "YUNWEI_"
KINDS: Final[dict[str, type]] = {
    "home": Path,
    "estate": Path,
    "store": str,
    "bell": str,
    "clock": str,
    "mail": str,
    "sms": str,
    "artifacts": str,
    "slots": int,
    "lease_s": float,
    "grace_s": float,
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set, each by an environment variable YUNWEI_<NAME> or an option of the command line.

    `home` holds the embedded store and bell; `store` and `bell` are URLs; `clock` as in runner.clock.parse_clock;
    `mail` as in messages.settings, `sms` as in messages.sms; `artifacts` a folder, or a bucket as in
    executors.objects_address. Every process of one installation has the same ones.
    """

    home: Path = Path("var")
    estate: Path = Path("estate.yml")
    store: str = ""
    bell: str = ""
    clock: str = "real"
    mail: str = ""
    sms: str = ""
    artifacts: str = ""
    slots: int = 16
    lease_s: float = 15.0
    grace_s: float = 30.0

    @property
    def store_url(self) -> str:
        return self.store or f"sqlite:///{self.home.absolute()}/yunwei.db"

    @property
    def bell_url(self) -> str:
        return self.bell or f"sqlite:///{self.home.absolute()}/bell.db"


def settings_from(environment: Mapping[str, str] = os.environ, **options: Any) -> Settings:
    """Options win over YUNWEI_* variables, those over the defaults. Raises Mistake with every fault at once."""
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for name, kind in KINDS.items():
        _set(values, name, kind, environment, options, faults)
    if faults:
        raise Mistake(Text("设置有误", "The settings have mistakes"), tuple(faults))
    return Settings(**values)


def _set(
    values: dict[str, Any],
    name: str,
    kind: type,
    environment: Mapping[str, str],
    options: Mapping[str, Any],
    faults: list[Fault],
) -> None:
    given = options.get(name)
    given = environment.get(PREFIX + name.upper()) if given is None else given
    if given is None or given == "":
        return
    try:
        value = kind(given)
    except ValueError:
        faults.append(Fault(PREFIX + name.upper(), Text(f"应为 {kind.__name__}", f"Must be of type {kind.__name__}")))
        return
    if kind in (int, float) and not 0 < value <= 86_400:
        faults.append(Fault(PREFIX + name.upper(), Text("应大于 0 且不超过 86400", "Must be above 0, at most 86400")))
    values[name] = value
