"""What can be done: one file an operation, its name in this tuple."""

from typing import Final

from domain.operation import Operation
from playbooks.iis_restart import RestartIIS

OPERATIONS: Final[tuple[type[Operation], ...]] = (RestartIIS,)
