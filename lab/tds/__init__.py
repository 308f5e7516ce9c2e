"""A TDS server: the wire only. What is said over it is the emulated SQL Server's business (`lab/sqlserver`)."""

from lab.tds.server import Certificate, TdsServer

__all__ = ["Certificate", "TdsServer"]
