"""The stage of the demo: a fresh folder, a closed window that lets it work at any time of day, accounts, a token."""

import os
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final

from domain.places import Place
from domain.secret import Secret

if TYPE_CHECKING:
    from wiring import Product

PROD: Final = "ledger-test/prod"
BOOKS: Final = "ledger-test/prod/ledger1"
SHARED: Final = "ledger-test/shared"
ADMIN: Final = "demo-admin"
OPERATOR: Final = "demo-operator"
LONGEST_DEMO_S: Final = 120.0
ESTIMATES: Final = timedelta(minutes=80)  # of the SQL update and the restore, which must end before the window
_CLOSED: Final = timedelta(hours=3, minutes=30)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The daily closed window of the demo, in the tenant's zone; `usual` if it is the handbook's own."""

    starts: str
    ends: str
    usual: bool

    @property
    def within(self) -> str:
        """A wall time inside it, for an example that is refused."""
        return f"{self.starts[:2]}:30"


def window_for(now: datetime, zone: tzinfo, speed: float, hosts: int) -> Window:
    """The usual window if the demo ends well before it; otherwise one that lies half a day away."""
    wall = now.astimezone(zone)
    busy = timedelta(seconds=LONGEST_DEMO_S * speed) + hosts * timedelta(minutes=3) + timedelta(minutes=15) + ESTIMATES
    minutes = wall.hour * 60 + wall.minute
    if minutes >= _CLOSED.total_seconds() // 60 and minutes + busy.total_seconds() / 60 < 24 * 60:
        return Window(starts="00:00", ends="03:30", usual=True)
    starts = wall.replace(minute=0) + timedelta(hours=12)
    return Window(starts=f"{starts:%H:%M}", ends=f"{starts + _CLOSED:%H:%M}", usual=False)


def fresh_folder(below: Path) -> Path:
    """A new folder, for its owner only: passwords of the lab lie in it."""
    below.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="demo-", dir=below)).absolute()


def write_estate(lab_estate: Path, window: Window) -> Path:
    """The lab's estate with the demo's policies, beside it: its secrets are named relative to it."""
    path = lab_estate.with_name("estate-demo.yml")
    policies = f'policies:\n  closed_windows:\n    - {{from: "{window.starts}", to: "{window.ends}"}}\n'
    path.write_text(lab_estate.read_text(encoding="utf-8") + policies, encoding="utf-8")
    return path


def make_accounts(product: "Product", place: Place) -> Secret:
    """An enterprise administrator of the tenant, an operator of the provider; the administrator's token."""
    from intake.people import issue_token, put_account

    put_account(product.desk, "demo", ADMIN, place.tenant.name, ["enterprise-admin", "data-ops"])
    put_account(product.desk, "demo", OPERATOR, None, ["operator"])
    return issue_token(product.desk, "demo", ADMIN, ["read", "submit"], timedelta(days=1))


def shell_word(path: Path) -> str:
    """A path as it can be pasted into a shell, short where it lies below the working folder."""
    import shlex

    short = os.path.relpath(path)
    return shlex.quote(str(path) if short.startswith("..") else short)
