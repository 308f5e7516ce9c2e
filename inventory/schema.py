"""The estate file's format as data; `estate/example.yml` is its manual."""

from dataclasses import dataclass, field
from typing import Final

from domain.places import Tenant
from domain.rulebook import Rulebook
from inventory.record import Key, Listing, Record
from inventory.schema_places import TENANT
from inventory.schema_rules import POLICIES
from inventory.words import exactly


@dataclass(frozen=True, kw_only=True)
class EstateFile:
    """What a whole file says. `estate` is the version of the format."""

    estate: int
    tenants: tuple[Tenant, ...]
    policies: Rulebook = field(default_factory=Rulebook)


ESTATE: Final = Record(
    of=EstateFile,
    keys=(
        Key("estate", exactly(1)),
        Key("tenants", Listing(item=TENANT, least=1, unique=(("name",),))),
        Key("policies", POLICIES),
    ),
)
