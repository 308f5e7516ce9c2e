"""What BACKUP and RESTORE say: severity, state, English and Chinese by number."""

BACKUP_TEXTS: dict[int, tuple[int, int, str, str]] = {
    1834: (
        16,
        1,
        "The file '{}' cannot be overwritten.  It is being used by database '{}'.",
        "无法覆盖文件 '{}'。数据库 '{}' 正在使用该文件。",
    ),
    3013: (16, 1, "{} is terminating abnormally.", "{} 正在异常终止。"),
    3014: (
        0,
        1,
        "{} successfully processed {} pages in {} seconds ({} MB/sec).",
        "{} 成功处理了 {} 页，花费 {} 秒({} MB/秒)。",
    ),
    3021: (
        16,
        0,
        "Cannot perform a backup or restore operation within a transaction.",
        "不能在事务内部执行备份或还原操作。",
    ),
    3023: (
        16,
        2,
        "Backup, file manipulation operations (such as ALTER DATABASE ADD FILE) and encryption changes on a database "
        "must be serialized. Reissue the statement after the current backup or file manipulation operation is "
        "completed.",
        "对数据库的备份、文件操作(如 ALTER DATABASE ADD FILE)以及加密更改必须序列化。"
        "请在当前的备份或文件操作完成之后重新发出该语句。",
    ),
    3101: (
        16,
        1,
        "Exclusive access could not be obtained because the database is in use.",
        "因为数据库正在使用，所以无法获得对数据库的独占访问权。",
    ),
    3102: (
        16,
        1,
        "RESTORE cannot process database '{}' because it is in use by this session. It is recommended that the master "
        "database be used when performing this operation.",
        "RESTORE 无法处理数据库 '{}'，因为它正由此会话使用。建议在执行此操作时使用 master 数据库。",
    ),
    3110: (
        14,
        1,
        "User does not have permission to RESTORE database '{}'.",
        "用户没有 RESTORE 数据库 '{}' 的权限。",
    ),
    3154: (
        16,
        4,
        "The backup set holds a backup of a database other than the existing '{}' database.",
        "备份集中的数据库备份与现有的 '{}' 数据库不同。",
    ),
    3156: (
        16,
        3,
        "File '{}' cannot be restored to '{}'. Use WITH MOVE to identify a valid location for the file.",
        "文件 '{}' 无法还原为 '{}'。请使用 WITH MOVE 选项来标识该文件的有效位置。",
    ),
    3159: (
        16,
        1,
        'The tail of the log for the database "{}" has not been backed up. Use BACKUP LOG WITH NORECOVERY to backup '
        "the log if it contains work you do not want to lose. Use the WITH REPLACE or WITH STOPAT clause of the "
        "RESTORE statement to just overwrite the contents of the log.",
        '尚未备份数据库 "{}" 的日志尾部。如果该日志包含您不希望丢失的工作，请使用 BACKUP LOG WITH NORECOVERY '
        "备份该日志。"
        "请使用 RESTORE 语句的 WITH REPLACE 或 WITH STOPAT 子句来只覆盖该日志的内容。",
    ),
    3169: (
        16,
        1,
        "The database was backed up on a server running version {}. That version is incompatible with this server, "
        "which is running version {}. Either restore the database on a server that supports the backup, or use a "
        "backup that is compatible with this server.",
        "该数据库是在运行 {} 版的服务器上备份的。该版本与此服务器(运行 {} 版)不兼容。"
        "请在支持该备份的服务器上还原该数据库，或者使用与此服务器兼容的备份。",
    ),
    3187: (
        16,
        1,
        "RESTORE WITH CHECKSUM cannot be specified because the backup set does not contain checksum information.",
        "因为备份集不包含校验和信息，所以无法指定 RESTORE WITH CHECKSUM。",
    ),
    3201: (
        16,
        1,
        "Cannot open backup device '{}'. Operating system error {}.",
        "无法打开备份设备 '{}'。出现操作系统错误 {}。",
    ),
    3202: (16, 1, 'Write on "{}" failed: {}', '在 "{}" 上写入失败: {}'),
    3203: (16, 1, 'Read on "{}" failed: {}', '在 "{}" 上读取失败: {}'),
    3211: (0, 1, "{} percent processed.", "已处理百分之 {}。"),
    3234: (
        16,
        2,
        "Logical file '{}' is not part of database '{}'. Use RESTORE FILELISTONLY to list the logical file names.",
        "逻辑文件 '{}' 不是数据库 '{}' 的一部分。请使用 RESTORE FILELISTONLY 来列出逻辑文件名。",
    ),
    3241: (
        16,
        0,
        "The media family on device '{}' is incorrectly formed. SQL Server cannot process this media family.",
        "设备 '{}' 上的介质簇的结构不正确。SQL Server 无法处理此介质簇。",
    ),
    3262: (0, 1, "The backup set on file {} is valid.", "文件 {} 上的备份集有效。"),
    3270: (
        16,
        1,
        "An internal consistency error occurred: no backup set on file {}.",
        "发生内部一致性错误: 文件 {} 上没有备份集。",
    ),
    4035: (
        0,
        1,
        "Processed {} pages for database '{}', file '{}' on file {}.",
        "已为数据库 '{1}'，文件 '{2}' (位于文件 {3} 上)处理了 {0} 页。",
    ),
    4333: (
        16,
        1,
        "The database '{}' cannot be recovered because no full backup set was restored.",
        "无法恢复数据库 '{}'，因为没有还原完整的备份集。",
    ),
    5133: (
        16,
        1,
        'Directory lookup for the file "{}" failed with the operating system error {}.',
        '对文件 "{}" 的目录查找失败，出现操作系统错误 {}。',
    ),
}
