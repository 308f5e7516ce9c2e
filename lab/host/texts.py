"""What Windows says, in English and Chinese. `{}` takes the details in order."""

TEXTS: dict[str, tuple[str, str]] = {
    "unknown": (
        "'{}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
        "'{}' 不是内部或外部命令，也不是可运行的程序\r\n或批处理文件。\r\n",
    ),
    "no_file": ("The system cannot find the file specified.\r\n", "系统找不到指定的文件。\r\n"),
    "no_path": ("The system cannot find the path specified.\r\n", "系统找不到指定的路径。\r\n"),
    "syntax": ("The syntax of the command is incorrect.\r\n", "命令语法不正确。\r\n"),
    "denied": ("Access is denied.\r\n", "拒绝访问。\r\n"),
    "chcp": ("Active code page: {}\r\n", "活动代码页: {}\r\n"),
    "copied": ("        {} file(s) copied.\r\n", "已复制         {} 个文件。\r\n"),
    "moved": ("        {} file(s) moved.\r\n", "移动了         {} 个文件。\r\n"),
    "exists": (
        "A subdirectory or file {} already exists.\r\n",
        "子目录或文件 {} 已经存在。\r\n",
    ),
    "ipconfig": ("\r\nWindows IP Configuration\r\n\r\n", "\r\nWindows IP 配置\r\n\r\n"),
    "host_name": ("   Host Name . . . . . . . . . . . . : {}\r\n", "   主机名  . . . . . . . . . . . . . : {}\r\n"),
    "stop_try": ("\r\nAttempting stop...\r\n", "\r\n正在尝试停止...\r\n"),
    "stop_ok": ("Internet services successfully stopped\r\n", "Internet 服务已成功停止\r\n"),
    "start_try": ("Attempting start...\r\n", "正在尝试启动...\r\n"),
    "start_ok": ("Internet services successfully started\r\n", "Internet 服务已成功启动\r\n"),
    "restart_ok": ("Internet services successfully restarted\r\n", "Internet 服务已成功重新启动\r\n"),
    "stop_failed": ("Stop attempt failed.\r\n", "停止尝试失败。\r\n"),
    "start_failed": ("Start attempt failed.\r\n", "启动尝试失败。\r\n"),
    "restart_failed": ("Restart attempt failed.\r\n", "重新启动尝试失败。\r\n"),
    "80070005": (
        "Access denied, you must be an administrator of the remote computer to use this command. ",
        "拒绝访问，您必须是该远程计算机的管理员才能使用此命令。",
    ),
    "8007041d": (
        "The service did not respond to the start or control request in a timely fashion. ",
        "服务没有及时响应启动或控制请求。",
    ),
    "80070425": ("The service cannot accept control messages at this time. ", "服务无法在此时接受控制信息。"),
    "iis_status": ("Status for {} ( {} ) : {}\r\n", "{} ( {} )的状态 : {}\r\n"),
    "5": ("Access is denied.", "拒绝访问。"),
    "1051": (
        "A stop control has been sent to a service that other running services are dependent on.",
        "停止控制被发送给其他正在运行的服务所依赖的服务。",
    ),
    "1053": (
        "The service did not respond to the start or control request in a timely fashion.",
        "服务没有及时响应启动或控制请求。",
    ),
    "1056": ("An instance of the service is already running.", "服务的实例已在运行中。"),
    "1060": ("The specified service does not exist as an installed service.", "指定的服务未安装。"),
    "1061": ("The service cannot accept control messages at this time.", "服务无法在此时接受控制信息。"),
    "1062": ("The service has not been started.", "服务尚未启动。"),
    "sc_failed": ("[SC] {} FAILED {}:\r\n\r\n{}\r\n\r\n", "[SC] {} 失败 {}:\r\n\r\n{}\r\n\r\n"),
    "net_stopping": ("The {} service is stopping.\r\n", "{} 服务正在停止.\r\n"),
    "net_stopped": ("The {} service was stopped successfully.\r\n\r\n", "{} 服务已成功停止。\r\n\r\n"),
    "net_starting": ("The {} service is starting.\r\n", "{} 服务正在启动 .\r\n"),
    "net_started": ("The {} service was started successfully.\r\n\r\n", "{} 服务已经启动成功。\r\n\r\n"),
    "net_2182": ("The requested service has already been started.\r\n", "请求的服务已经启动。\r\n"),
    "net_3521": ("The {} service is not started.\r\n", "没有启动 {} 服务。\r\n"),
    "net_2185": ("The service name is invalid.\r\n", "服务名无效。\r\n"),
    "net_2186": ("The service is not responding to the control function.\r\n", "服务没有响应控制功能。\r\n"),
    "net_dependents": (
        "The following services are dependent on the {} service.\r\n",
        "下面的服务依赖于 {} 服务。\r\n",
    ),
    "net_help": (
        "\r\nMore help is available by typing NET HELPMSG {}.\r\n\r\n",
        "\r\n请键入 NET HELPMSG {} 以获得更多的帮助。\r\n\r\n",
    ),
    "net_no_answer": ("No valid response was provided.\r\n", "没有提供有效的响应。\r\n"),
    "killed": ("SUCCESS: The process with PID {} has been terminated.\r\n", "成功: 已终止 PID 为 {} 的进程。\r\n"),
    "no_process": ('ERROR: The process "{}" not found.\r\n', '错误: 没有找到进程 "{}"。\r\n'),
    "need_force": (
        "ERROR: The process with PID {} could not be terminated.\r\n"
        "Reason: This process can only be terminated forcefully (with /F option).\r\n",
        "错误: 无法终止 PID 为 {} 的进程。\r\n原因: 只能强行终止这个进程(带 /F 选项)。\r\n",
    ),
    "no_tasks": (
        "INFO: No tasks are running which match the specified criteria.\r\n",
        "信息: 没有运行的任务匹配指定标准。\r\n",
    ),
    "no_timeout": (
        "ERROR: Input redirection is not supported, exiting the process immediately.\r\n",
        "错误: 不支持输入重新定向，立即退出此进程。\r\n",
    ),
    "hash_head": ("SHA256 hash of {}:\r\n", "SHA256 的 {} 哈希:\r\n"),
    "hash_done": (
        "CertUtil: -hashfile command completed successfully.\r\n",
        "CertUtil: -hashfile 命令成功完成。\r\n",
    ),
    "appcmd_no_pool": (
        'ERROR ( message:Cannot find APPPOOL object with identifier "{}". )\r\n',
        "错误 ( 消息:找不到标识符为“{}”的 APPPOOL 对象。 )\r\n",
    ),
    "appcmd_failed": ("ERROR ( message:{} )\r\n", "错误 ( 消息:{} )\r\n"),
    "pool_stopped": ('"{}" successfully stopped\r\n', "“{}”已成功停止\r\n"),
    "pool_started": ('"{}" successfully started.\r\n', "“{}”已成功启动。\r\n"),
    "pool_recycled": ('"{}" successfully recycled\r\n', "“{}”已成功回收\r\n"),
}


def say(os_lang: str, key: str, *details: object) -> str:
    """The text of that key in the language of the host."""
    english, chinese = TEXTS[key]
    return (chinese if os_lang == "zh-CN" else english).format(*details)
