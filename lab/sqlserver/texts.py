"""What SQL Server says: severity, state, English and Chinese by number. `{}` takes the details in order."""

from lab.sqlserver.texts_of_backup import BACKUP_TEXTS

# The numbers that the research saw in real logs are 3013, 3014, 3021, 3023, 3101, 4035; the others follow the manual.
TEXTS: dict[int, tuple[int, int, str, str]] = {
    **BACKUP_TEXTS,
    102: (15, 1, "Incorrect syntax near '{}'.", "'{}' 附近有语法错误。"),
    105: (15, 1, "Unclosed quotation mark after the character string '{}'.", "字符串 '{}' 后的引号不完整。"),
    111: (
        15,
        1,
        "'{}' must be the first statement in a query batch.",
        "'{}' 必须是查询批次中的第一个语句。",
    ),
    134: (15, 2, "The variable name '{}' has already been declared.", "变量名 '{}' 已声明。"),
    135: (
        15,
        1,
        "Cannot use a BREAK or CONTINUE statement outside the scope of a WHILE statement.",
        "在 WHILE 语句的作用域之外无法使用 BREAK 或 CONTINUE 语句。",
    ),
    137: (15, 2, 'Must declare the scalar variable "{}".', '必须声明标量变量 "{}"。'),
    195: (15, 10, "'{}' is not a recognized built-in function name.", "'{}' 不是可以识别的内置函数名称。"),
    201: (
        16,
        4,
        "Procedure or function '{}' expects parameter '{}', which was not supplied.",
        "过程或函数 '{}' 需要参数 '{}'，但未提供该参数。",
    ),
    207: (16, 1, "Invalid column name '{}'.", "列名 '{}' 无效。"),
    208: (16, 1, "Invalid object name '{}'.", "对象名 '{}' 无效。"),
    213: (
        16,
        1,
        "Column name or number of supplied values does not match table definition.",
        "列名或所提供值的数目与表定义不匹配。",
    ),
    217: (
        16,
        1,
        "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit {}).",
        "超出了存储过程、函数、触发器或视图的最大嵌套层数(最大层数为 {})。",
    ),
    226: (
        16,
        6,
        "{} statement not allowed within multi-statement transaction.",
        "在多语句事务内不允许使用 {} 语句。",
    ),
    229: (
        14,
        5,
        "The {} permission was denied on the object '{}', database '{}', schema '{}'.",
        "拒绝了对对象 '{1}' (数据库 '{2}'，架构 '{3}')的 {0} 权限。",
    ),
    241: (
        16,
        1,
        "Conversion failed when converting date and/or time from character string.",
        "从字符串转换日期和/或时间时，转换失败。",
    ),
    245: (
        16,
        1,
        "Conversion failed when converting the {} value '{}' to data type {}.",
        "在将 {} 值 '{}' 转换成数据类型 {} 时失败。",
    ),
    262: (14, 1, "{} permission denied in database '{}'.", "在数据库 '{1}' 中拒绝了 {0} 权限。"),
    266: (
        16,
        2,
        "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. "
        "Previous count = {}, current count = {}.",
        "EXECUTE 后的事务计数指示 BEGIN 和 COMMIT 语句的数目不匹配。上一计数 = {}，当前计数 = {}。",
    ),
    300: (
        14,
        1,
        "{} permission was denied on object '{}', database '{}'.",
        "拒绝了对对象 '{1}' (数据库 '{2}')的 {0} 权限。",
    ),
    313: (
        16,
        3,
        "An insufficient number of arguments were supplied for the procedure or function {}.",
        "为过程或函数 {} 提供的参数数目不足。",
    ),
    334: (16, 1, "The login already has an account under a different user name.", "该登录已用另一个用户名开立帐户。"),
    515: (
        16,
        2,
        "Cannot insert the value NULL into column '{}', table '{}'; column does not allow nulls. {} fails.",
        "不能将值 NULL 插入列 '{}'，表 '{}'；列不允许有 Null 值。{} 失败。",
    ),
    544: (
        16,
        1,
        "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.",
        "当 IDENTITY_INSERT 设置为 OFF 时，不能为表 '{}' 中的标识列插入显式值。",
    ),
    547: (
        16,
        0,
        "The {} statement conflicted with a constraint of database '{}': {}.",
        "{} 语句与数据库 '{}' 的约束冲突: {}。",
    ),
    596: (
        21,
        1,
        "Cannot continue the execution because the session is in the kill state.",
        "无法继续执行，因为会话处于终止状态。",
    ),
    628: (
        16,
        0,
        "Cannot issue SAVE TRANSACTION when there is no active transaction.",
        "没有活动事务时，无法发出 SAVE TRANSACTION。",
    ),
    911: (
        16,
        1,
        "Database '{}' does not exist. Make sure that the name is entered correctly.",
        "数据库 '{}' 不存在。请确保正确地输入了该名称。",
    ),
    916: (
        14,
        2,
        'The server principal "{}" is not able to access the database "{}" under the current security context.',
        '服务器主体 "{}" 无法在当前安全上下文下访问数据库 "{}"。',
    ),
    924: (
        14,
        1,
        "Database '{}' is already open and can only have one user at a time.",
        "数据库 '{}' 已打开，并且一次只能有一个用户访问。",
    ),
    927: (
        14,
        2,
        "Database '{}' cannot be opened. It is in the middle of a restore.",
        "无法打开数据库 '{}'。该数据库正处于还原过程中。",
    ),
    942: (
        14,
        4,
        "Database '{}' cannot be opened because it is offline.",
        "无法打开数据库 '{}'，因为该数据库处于离线状态。",
    ),
    1087: (15, 2, 'Must declare the table variable "{}".', '必须声明表变量 "{}"。'),
    1205: (
        13,
        51,
        "Transaction (Process ID {}) was deadlocked on lock resources with another process and has been chosen "
        "as the deadlock victim. Rerun the transaction.",
        "事务(进程 ID {})与另一个进程被死锁在 锁 资源上，并且已被选作死锁牺牲品。请重新运行该事务。",
    ),
    1222: (16, 45, "Lock request time out period exceeded.", "已超过了锁请求超时时段。"),
    1779: (16, 0, "Table '{}' already has a primary key defined on it.", "表 '{}' 已具有主键定义。"),
    1801: (
        16,
        3,
        "Database '{}' already exists. Choose a different database name.",
        "数据库 '{}' 已存在。请选择其他数据库名称。",
    ),
    2601: (
        14,
        1,
        "Cannot insert duplicate key row in object '{}' with unique index '{}'.",
        "不能在具有唯一索引 '{1}' 的对象 '{0}' 中插入重复键的行。",
    ),
    2627: (
        14,
        1,
        "Violation of {} constraint '{}'. Cannot insert duplicate key in object '{}'.",
        "违反了 {} 约束 '{}'。不能在对象 '{}' 中插入重复键。",
    ),
    2628: (
        16,
        1,
        "String or binary data would be truncated in column '{}'.",
        "将截断列 '{}' 中的字符串或二进制数据。",
    ),
    2714: (16, 6, "There is already an object named '{}' in the database.", "数据库中已存在名为 '{}' 的对象。"),
    2812: (16, 62, "Could not find stored procedure '{}'.", "找不到存储过程 '{}'。"),
    3621: (0, 0, "The statement has been terminated.", "语句已终止。"),
    3701: (
        11,
        5,
        "Cannot drop the {} '{}', because it does not exist or you do not have permission.",
        "无法对 {} '{}' 执行 删除，因为它不存在，或者您没有所需的权限。",
    ),
    3702: (
        16,
        3,
        'Cannot drop database "{}" because it is currently in use.',
        '无法删除数据库 "{}"，因为该数据库当前正在使用。',
    ),
    3902: (
        16,
        1,
        "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.",
        "COMMIT TRANSACTION 请求没有对应的 BEGIN TRANSACTION。",
    ),
    3903: (
        16,
        1,
        "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.",
        "ROLLBACK TRANSACTION 请求没有对应的 BEGIN TRANSACTION。",
    ),
    3930: (
        16,
        1,
        "The current transaction cannot be committed and cannot support operations that write to the log file. "
        "Roll back the transaction.",
        "当前事务无法提交，而且无法支持写入日志文件的操作。请回滚该事务。",
    ),
    3931: (
        16,
        1,
        "The current transaction cannot be committed and cannot be rolled back to a savepoint. "
        "Roll back the entire transaction.",
        "当前事务无法提交，也无法回滚到保存点。请回滚整个事务。",
    ),
    3998: (
        16,
        1,
        "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.",
        "在批处理结束时检测到不可提交的事务。该事务将回滚。",
    ),
    4060: (
        11,
        1,
        'Cannot open database "{}" requested by the login. The login failed.',
        '无法打开登录所请求的数据库 "{}"。登录失败。',
    ),
    4121: (
        16,
        1,
        'Cannot find either column "{}" or the user-defined function or aggregate "{}", or the name is ambiguous.',
        '找不到列 "{}" 或用户定义的函数或聚合 "{}"，或者名称不明确。',
    ),
    5011: (
        14,
        5,
        "User does not have permission to alter database '{}', the database does not exist, or the database is not in "
        "a state that allows access checks.",
        "用户没有更改数据库 '{}' 的权限，该数据库不存在，或者该数据库未处于允许进行访问检查的状态。",
    ),
    5030: (
        16,
        2,
        "The database could not be exclusively locked to perform the operation.",
        "无法以独占方式锁定该数据库，以执行该操作。",
    ),
    5069: (16, 1, "ALTER DATABASE statement failed.", "ALTER DATABASE 语句失败。"),
    5701: (0, 2, "Changed database context to '{}'.", "已将数据库上下文更改为 '{}'。"),
    5703: (0, 1, "Changed language setting to {}.", "已将语言设置更改为 {}。"),
    6102: (14, 1, "User does not have permission to use the KILL statement.", "用户没有使用 KILL 语句的权限。"),
    6104: (16, 1, "Cannot use KILL to kill your own process.", "不能使用 KILL 来终止您自己的进程。"),
    6106: (16, 2, "Process ID {} is not an active process ID.", "进程 ID {} 不是活动进程 ID。"),
    6401: (
        16,
        1,
        "Cannot roll back {}. No transaction or savepoint of that name was found.",
        "无法回滚 {}。找不到该名称的事务或保存点。",
    ),
    8114: (16, 5, "Error converting data type {} to {}.", "从数据类型 {} 转换为 {} 时出错。"),
    8144: (
        16,
        2,
        "Procedure or function {} has too many arguments specified.",
        "为过程或函数 {} 指定了过多的参数。",
    ),
    8145: (16, 1, "{} is not a parameter for procedure {}.", "{} 不是过程 {} 的参数。"),
    8115: (
        16,
        2,
        "Arithmetic overflow error converting {} to data type {}.",
        "将 {} 转换为数据类型 {} 时出现算术溢出错误。",
    ),
    8134: (16, 1, "Divide by zero error encountered.", "遇到以零作除数错误。"),
    8989: (
        10,
        1,
        "CHECKDB found 0 allocation errors and {} consistency errors in database '{}'.",
        "CHECKDB 在数据库 '{1}' 中发现 0 个分配错误和 {0} 个一致性错误。",
    ),
    8928: (
        16,
        1,
        "Object ID {}, index ID 1: Page (1:{}) could not be processed.  See other errors for details.",
        "对象 ID {}，索引 ID 1: 无法处理页 (1:{})。有关详细信息，请参阅其他错误。",
    ),
    10700: (16, 1, "{}", "{}"),
    15007: (
        16,
        1,
        "'{}' is not a valid login or you do not have permission.",
        "'{}' 不是有效登录名，或者您没有相应的权限。",
    ),
    15023: (
        16,
        1,
        "User, group, or role '{}' already exists in the current database.",
        "当前数据库中已存在用户、组或角色 '{}'。",
    ),
    15025: (16, 1, "The server principal '{}' already exists.", "服务器主体 '{}' 已存在。"),
    15151: (
        16,
        1,
        "Cannot {} the {} '{}', because it does not exist or you do not have permission.",
        "无法对 {1} '{2}' 执行 {0}，因为它不存在，或者您没有所需的权限。",
    ),
    15247: (16, 1, "User does not have permission to perform this action.", "用户没有执行此操作的权限。"),
    18456: (14, 1, "Login failed for user '{}'.", "用户 '{}' 登录失败。"),
    50000: (16, 1, "yunwei lab: {}", "yunwei 实验室: {}"),
}

DISK_FULL = ("112(There is not enough space on the disk.)", "112(磁盘空间不足。)")
NO_FILE = ("2(The system cannot find the file specified.)", "2(系统找不到指定的文件。)")
NO_PATH = ("3(The system cannot find the path specified.)", "3(系统找不到指定的路径。)")
DENIED = ("5(Access is denied.)", "5(拒绝访问。)")
BAD_BYTES = ("23(Data error (cyclic redundancy check).)", "23(数据错误(循环冗余检查)。)")


def say(language: str, number: int, *details: object) -> str:
    """The text of that number in that language; a detail that is a pair is (English, Chinese) itself."""
    _, _, english, chinese = TEXTS[number]
    zh = language == "zh"
    own = [d[int(zh)] if isinstance(d, tuple) else d for d in details]
    return (chinese if zh else english).format(*own)
