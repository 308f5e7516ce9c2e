"""What every table is made of: the one list of tables, numbers and moments."""

from sqlalchemy import BigInteger, Column, Integer, MetaData

metadata = MetaData()

Id = BigInteger().with_variant(Integer, "sqlite")


def moment(name: str, *, nullable: bool = True) -> Column[int]:
    """Whole microseconds since 1970 (UTC)."""
    return Column(name, BigInteger, nullable=nullable)
