"""The emulated SQL Server behind the lab's TDS wire. `SqlServer` is the whole of it."""

from lab.sqlserver.ledger import Effect, Ledger
from lab.sqlserver.server import SqlServer
from lab.sqlserver.session import LabSession

__all__ = ["Effect", "LabSession", "Ledger", "SqlServer"]
