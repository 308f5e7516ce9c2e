"""msdb's history of backups and restores: real tables in a real database."""

from lab.sqlserver.store import Store

_TABLES = """
CREATE TABLE IF NOT EXISTS backupmediaset (
  media_set_id INTEGER PRIMARY KEY AUTOINCREMENT, media_uuid [uniqueidentifier], name [nvarchar(128)] COLLATE NOCASE,
  is_compressed [bit]);
CREATE TABLE IF NOT EXISTS backupmediafamily (
  media_set_id [int], family_sequence_number [tinyint], media_family_id [uniqueidentifier],
  physical_device_name [nvarchar(260)] COLLATE NOCASE, device_type [tinyint]);
CREATE TABLE IF NOT EXISTS backupset (
  backup_set_id INTEGER PRIMARY KEY AUTOINCREMENT, backup_set_uuid [uniqueidentifier], media_set_id [int],
  name [nvarchar(128)] COLLATE NOCASE, description [nvarchar(255)] COLLATE NOCASE, position [int],
  user_name [nvarchar(128)] COLLATE NOCASE, type [varchar(1)] COLLATE NOCASE,
  database_name [nvarchar(128)] COLLATE NOCASE, server_name [nvarchar(128)] COLLATE NOCASE,
  backup_start_date [datetime], backup_finish_date [datetime], database_creation_date [datetime],
  backup_size [decimal(20,0)], compressed_backup_size [decimal(20,0)], database_version [int],
  compatibility_level [tinyint], collation_name [nvarchar(128)] COLLATE NOCASE,
  recovery_model [nvarchar(60)] COLLATE NOCASE, is_copy_only [bit], has_backup_checksums [bit], is_damaged [bit],
  is_password_protected [bit], family_guid [uniqueidentifier]);
CREATE TABLE IF NOT EXISTS restorehistory (
  restore_history_id INTEGER PRIMARY KEY AUTOINCREMENT, restore_date [datetime],
  destination_database_name [nvarchar(128)] COLLATE NOCASE, user_name [nvarchar(128)] COLLATE NOCASE,
  backup_set_id [int], restore_type [varchar(1)] COLLATE NOCASE, [replace] [bit], recovery [bit], restart [bit]);
"""


def make_msdb(store: Store) -> None:
    """The tables, unless they are there."""
    with store.opened(store.get("msdb")) as connection:
        connection.executescript(_TABLES)
