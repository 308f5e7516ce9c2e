"""What SQL Server says: severity, state, English and Chinese by number. `{}` takes the details in order."""

from lab.sqlserver.texts_of_backup import BACKUP_TEXTS
from lab.sqlserver.texts_of_objects import OBJECT_TEXTS

# The numbers that the research saw in real logs are 3013, 3014, 3021, 3023, 3101, 4035; the others follow the manual.
TEXTS: dict[int, tuple[int, int, str, str]] = {
    **BACKUP_TEXTS,
    **OBJECT_TEXTS,
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
