"""What can be done on a database server: one verb a function, its arguments and its facts plain data."""

from executors.sql_server.backup import backup, prepare, verify
from executors.sql_server.late import look_at_script, run_script
from executors.sql_server.names import drop, rename, swap, swap_back
from executors.sql_server.packages import drop_reserved, package_kind, reserve_name
from executors.sql_server.password import reset_password
from executors.sql_server.prove import check, prove
from executors.sql_server.restore import put_back, read_media, restore_beside, restore_in_place
from executors.sql_server.server import Server, Verb
from executors.sql_server.survey import survey

VERBS: dict[str, Verb] = {
    "prepare": prepare,
    "backup": backup,
    "verify": verify,
    "read-media": read_media,
    "restore-beside": restore_beside,
    "restore-in-place": restore_in_place,
    "put-back": put_back,
    "check": check,
    "swap": swap,
    "swap-back": swap_back,
    "rename": rename,
    "drop": drop,
    "prove": prove,
    "package-kind": package_kind,
    "reserve-name": reserve_name,
    "drop-reserved": drop_reserved,
    "reset-password": reset_password,
    "survey": survey,
    "run-script": run_script,
    "look-at-script": look_at_script,
}

__all__ = ["VERBS", "Server"]
