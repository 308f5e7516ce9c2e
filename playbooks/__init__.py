"""What can be done: one file an operation, its name in this tuple."""

from typing import Final

from domain.operation import Operation
from playbooks.backup import BackUp
from playbooks.bacpac_export import ExportPackage
from playbooks.bacpac_import import ImportPackage
from playbooks.iis_restart import RestartIIS
from playbooks.other_download import OtherDownload
from playbooks.rehearse import RehearseRestore
from playbooks.rename import RenameDataCenter
from playbooks.reset_password import ResetPassword
from playbooks.restore import RestoreDataCenter
from playbooks.sql_update import SqlUpdate

OPERATIONS: Final[tuple[type[Operation], ...]] = (
    RestartIIS,
    BackUp,
    RestoreDataCenter,
    RehearseRestore,
    SqlUpdate,
    RenameDataCenter,
    ExportPackage,
    ImportPackage,
    ResetPassword,
    OtherDownload,
)
