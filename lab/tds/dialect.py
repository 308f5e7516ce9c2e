"""The version of the protocol that both sides speak, and what it leaves out."""

from dataclasses import dataclass
from typing import Final

NEWEST: Final = 0x74000004
OLDEST: Final = 0x70000000
OLD_ANSWERS: Final = {0x70000000: 0x07000000, 0x71000000: 0x07010000}  # these two are answered the old way round


@dataclass(frozen=True)
class Dialect:
    """A TDS version as LOGIN7 says it, such as 0x74000004."""

    version: int

    @classmethod
    def of(cls, asked: int) -> "Dialect":
        """The newest that both can. Raises ValueError below 7.0."""
        if asked < OLDEST:
            raise ValueError(f"TDS {asked:#010x}")
        return cls(min(asked, NEWEST))

    @property
    def answer(self) -> int:
        """What LOGINACK says."""
        return OLD_ANSWERS.get(self.version, self.version)

    @property
    def has_collations(self) -> bool:
        """7.1 and above: text says its collation, and there is a bigint."""
        return self.version >= 0x71000000

    @property
    def is_wide(self) -> bool:
        """7.2 and above: headers, max types, transactions by descriptor, 64-bit counts."""
        return self.version >= 0x72000000

    @property
    def has_dates(self) -> bool:
        """7.3 and above: date, time, datetime2."""
        return self.version >= 0x73000000

    @property
    def has_features(self) -> bool:
        """7.4: LOGIN7's feature extension; clients set its bit below 7.4 too and mean nothing by it."""
        return self.version >= 0x74000000
