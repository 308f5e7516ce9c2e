"""Every refusal in words: what the file is, why it is refused, what to do. Braces are filled with facts."""

from domain.errors import Fault
from domain.text import Text

AGAIN = Text("请重新导出并上传。", "Export it again and upload that.")
FULL = Text(
    "请在源服务器上执行 BACKUP DATABASE … TO DISK = 一个新文件 WITH CHECKSUM, INIT，再上传该文件。",
    "On the source server run BACKUP DATABASE … TO DISK = one new file WITH CHECKSUM, INIT and upload that file.",
)
UPLOAD = Text("请核对本地文件的大小后重新上传。", "Compare the size with your file and upload it again.")

SENTENCES: dict[str, tuple[Text, Text]] = {
    "empty": (Text("文件为空（0 字节）。", "The file is empty (0 bytes)."), UPLOAD),
    "zeros": (
        Text(
            "文件开头全是零：上传或复制没有写入内容。", "The file begins with zeros: an upload or copy wrote nothing."
        ),
        UPLOAD,
    ),
    "not-a-backup": (
        Text(
            "这是{kind}，不是 SQL Server 备份，无法还原。",
            "This is {kind}, not a SQL Server backup: it cannot be restored.",
        ),
        FULL,
    ),
    "in-disguise": (
        Text("文件名以 {suffix} 结尾，内容却是{kind}。", "The name ends in {suffix}, but the content is {kind}."),
        Text("请先解压，或以正确的扩展名上传。", "Unpack it first, or upload it under its right extension."),
    ),
    "damaged-header": (
        Text(
            "备份的首个描述块校验和错误，头部已损坏。",
            "The first block's checksum is wrong: the backup's header is damaged.",
        ),
        UPLOAD,
    ),
    "damaged": (
        Text("备份在第 {offset} 字节处损坏。", "The backup is damaged at byte {offset}."),
        UPLOAD,
    ),
    "truncated": (
        Text(
            "备份不完整：只有 {size} 字节，结尾缺失。",
            "The backup is incomplete: it has {size} bytes and its end is missing.",
        ),
        UPLOAD,
    ),
    "end-unknown": (
        Text("找不到备份的结尾，无法确认其完整。", "The end of the backup was not found: nobody can say it is whole."),
        FULL,
    ),
    "trailing-bytes": (
        Text("备份结束后还有 {count} 个多余字节。", "After the end of the backup {count} more bytes follow."),
        FULL,
    ),
    "not-sql-server": (
        Text(
            "这是磁带格式的备份，但由“{software}”写入，而非 SQL Server。",
            'This is a tape-format backup written by "{software}", not by SQL Server.',
        ),
        FULL,
    ),
    "no-set": (Text("备份介质上没有备份集。", "There is no backup set on this media."), FULL),
    "log-backup": (
        Text(
            "这是数据库“{database}”的日志备份，不能单独还原。",
            'This is a log backup of "{database}": it cannot be restored alone.',
        ),
        FULL,
    ),
    "differential-backup": (
        Text(
            "这是数据库“{database}”的差异备份，缺少完整备份无法还原。",
            'This is a differential backup of "{database}": useless without its full one.',
        ),
        FULL,
    ),
    "partial-backup": (
        Text(
            "这是数据库“{database}”的文件或部分备份，不含全部数据。",
            'This is a file or partial backup of "{database}": it does not hold all data.',
        ),
        FULL,
    ),
    "type-unknown": (
        Text(
            "无法判断这是完整、差异还是日志备份。", "Whether this is a full, differential or log backup cannot be told."
        ),
        FULL,
    ),
    "stripe": (
        Text(
            "备份被分到 {families} 个文件，这是第 {family} 个，单独一个无法还原。",
            "The backup is striped over {families} files and this is number {family}: one alone is useless.",
        ),
        FULL,
    ),
    "later-volume": (
        Text("这是多卷备份的第 {sequence} 卷。", "This is volume {sequence} of a backup that spans several."),
        FULL,
    ),
    "password": (
        Text("备份受密码保护。", "The backup is protected by a password."),
        Text("请去掉 PASSWORD / MEDIAPASSWORD 选项后重新备份。", "Back up again without PASSWORD or MEDIAPASSWORD."),
    ),
    "made-despite-errors": (
        Text(
            "备份时数据库已有损坏（CONTINUE_AFTER_ERROR）。",
            "The database was damaged when it was backed up (CONTINUE_AFTER_ERROR).",
        ),
        Text(
            "请先用 DBCC CHECKDB 检查并修复源数据库，再备份。",
            "Check and repair the source database with DBCC CHECKDB, then back up.",
        ),
    ),
    "newer-version": (
        Text(
            "来自 SQL Server {software}（内部版本 {version}），高于目标支持的 {newest}。",
            "It comes from SQL Server {software} (internal version {version}); the target takes up to {newest}.",
        ),
        Text(
            "备份不能还原到旧版本：请升级目标，或改用 BACPAC。",
            "Backups do not go back to older versions: upgrade the target, or use a BACPAC.",
        ),
    ),
    "missing-parts": (Text("包中缺少 {parts}。", "The package lacks {parts}."), AGAIN),
    "wrong-checksum": (
        Text(
            "model.xml 与 Origin.xml 记录的 SHA-256 不符：包被改动或损坏。",
            "model.xml is not what the SHA-256 in Origin.xml says: it was changed or damaged.",
        ),
        AGAIN,
    ),
    "no-checksum": (
        Text("Origin.xml 没有 model.xml 的校验和。", "Origin.xml has no checksum of model.xml."),
        AGAIN,
    ),
    "origin-unclear": (
        Text("Origin.xml 没有说明是否含数据。", "Origin.xml does not say whether the package holds data."),
        AGAIN,
    ),
    "bacpac-without-data": (
        Text(
            "包声明含数据并有 {rows} 行，却没有数据文件。",
            "The package claims data and {rows} rows, but has no data files.",
        ),
        AGAIN,
    ),
    "newer-platform": (
        Text(
            "模型针对 SQL Server 平台 {platform}，高于目标的 {newest}。",
            "The model is for SQL Server platform {platform}; the target is {newest}.",
        ),
        Text("请升级目标服务器。", "Upgrade the target server."),
    ),
    "scripts-inside": (
        Text("包内含部署时会执行的脚本：{scripts}。", "The package has scripts that run when published: {scripts}."),
        Text("请导出不含脚本的包。", "Make a package without them."),
    ),
    "code-inside": (
        Text(
            "包内含会以导入者权限运行的对象：{elements}。",
            "The package has objects that would run with the rights of the import: {elements}.",
        ),
        Text("请先在源数据库中去掉它们再导出。", "Remove them from the source, then export again."),
    ),
    "schema-only": (
        Text("这个包只有结构，没有数据。", "This package has the schema only, and no data."),
        Text(
            "请导出含数据的包（BACPAC，或 ExtractAllTableData）。",
            "Export with data: a BACPAC, or ExtractAllTableData.",
        ),
    ),
    "xml-doctype": (
        Text("包内 XML 含 DOCTYPE 或实体声明。", "An XML part declares a document type or entities."),
        AGAIN,
    ),
    "xml-limits": (
        Text("包内 XML 超出大小、深度或数量限制。", "An XML part is beyond the limits of size, depth or number."),
        AGAIN,
    ),
    "xml-malformed": (Text("包内 XML 格式错误。", "An XML part is malformed."), AGAIN),
    "truncated-archive": (Text("压缩包不完整，结尾缺失。", "The archive is incomplete: its end is missing."), UPLOAD),
    "bytes-after-archive": (Text("压缩包结尾之后还有多余字节。", "Bytes follow the end of the archive."), AGAIN),
    "split-archive": (Text("这是分卷压缩包。", "The archive is split over several files."), AGAIN),
    "directory-misplaced": (Text("压缩包目录位置不符。", "The archive's directory is not where it should be."), AGAIN),
    "directory-damaged": (Text("压缩包目录损坏。", "The archive's directory is damaged."), AGAIN),
    "directory-too-large": (Text("压缩包目录过大。", "The archive's directory is too large."), AGAIN),
    "too-many-entries": (Text("压缩包条目过多。", "The archive has too many entries."), AGAIN),
    "zip64-inconsistent": (Text("ZIP64 字段自相矛盾。", "The archive's zip64 fields contradict each other."), AGAIN),
    "encrypted-entry": (Text("条目“{entry}”已加密。", 'The entry "{entry}" is encrypted.'), AGAIN),
    "unknown-compression": (
        Text("条目“{entry}”的压缩方法不受支持。", 'The entry "{entry}" is packed in a way we do not read.'),
        AGAIN,
    ),
    "link-entry": (Text("条目“{entry}”是链接或特殊文件。", 'The entry "{entry}" is a link or a special file.'), AGAIN),
    "unreadable-name": (Text("有条目名称无法解码。", "The name of an entry cannot be decoded."), AGAIN),
    "escaping-name": (Text("条目名“{entry}”会写到包外。", 'The entry name "{entry}" leads out of the package.'), AGAIN),
    "duplicate-name": (Text("条目名“{entry}”重复。", 'The entry name "{entry}" occurs twice.'), AGAIN),
    "header-disagrees": (
        Text("条目“{entry}”的头与目录不符。", 'The header of "{entry}" disagrees with the directory.'),
        AGAIN,
    ),
    "overlapping-entries": (Text("条目“{entry}”与其他内容重叠。", 'The entry "{entry}" overlaps others.'), AGAIN),
    "bomb": (Text("解压后的大小超出限制（压缩炸弹）。", "Unpacked it is larger than allowed (a zip bomb)."), AGAIN),
    "damaged-entry": (Text("条目“{entry}”损坏。", 'The entry "{entry}" is damaged.'), UPLOAD),
    "too-costly": (
        Text("检查该文件需读取的内容超出限制。", "Inspecting this file would take more reading than is allowed."),
        AGAIN,
    ),
}


def refusal(code: str, **facts: object) -> Fault:
    """The fault with that code; texts among the facts are told in the reader's language."""
    why, what = SENTENCES[code]
    zh = {key: value.zh if isinstance(value, Text) else value for key, value in facts.items()}
    en = {key: value.en if isinstance(value, Text) else value for key, value in facts.items()}
    text = Text(why.zh.format(**zh) + what.zh, f"{why.en.format(**en)} {what.en}")
    return Fault(path="file", text=text, code=code, facts=en)
