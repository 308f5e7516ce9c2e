"""An emulated SqlPackage: packages of DacFx written from, and loaded into, the databases of the lab's SQL Server.

The zip, its parts, Origin.xml and its checksum are as DacFx writes them. What only DacFx could read is the lab's own:
the definition of a table stands in the model as the lab keeps it, and the data files hold a JSON list for each row. So
the lab loads only packages that it has written, and says so of others.
"""

from lab.sqlpackage.program import sqlpackage

__all__ = ["sqlpackage"]
