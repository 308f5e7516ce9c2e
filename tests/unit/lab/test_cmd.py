"""cmd.exe of the lab: what it understands it does as Windows does, everything else it refuses aloud."""

from typing import Any

import pytest

CASES = [
    ("hostname", 0, "APP1\r\n"),
    ('"hostname"', 0, "APP1\r\n"),
    ("whoami", 0, "lab\\yunwei\r\n"),
    ("echo %COMPUTERNAME% %nosuch%", 0, "APP1 %nosuch%\r\n"),
    ('echo "a & b"', 0, '"a & b"\r\n'),
    ("echo a ^& b", 0, "a & b\r\n"),
    ("exit /b 7", 7, ""),
    ("exit /b 0 & echo no", 0, ""),
    ("echo a&echo b", 0, "a\r\nb\r\n"),
    ("hostname && hostname", 0, "APP1\r\nAPP1\r\n"),
    ("type nosuch 2>nul || echo no", 0, "no\r\n"),
    ("type nosuch 2>nul && echo no", 1, ""),
    ("set A=1& set A", 0, "A=1\r\n"),
    ("echo hi>x.txt&& type C:\\TEMP\\X.TXT", 0, "hi\r\n"),
    ("echo a>x.txt& echo b>>x.txt& type x.txt", 0, "a\r\nb\r\n"),
    ("mkdir d\\e & echo a>d\\e\\f & dir /b d", 0, "e\r\n"),
    ("echo a>f& copy f g >nul& del f& dir /b", 0, "g\r\n"),
    ("echo a>f& move f g >nul& dir /b", 0, "g\r\n"),
    ("chcp 936>nul& chcp>nul& exit /b 3", 3, ""),
    ("%windir%\\system32\\hostname.exe", 0, "APP1\r\n"),
    ("PowerShell -Command Write-Host こんにちは", 0, "こんにちは\n"),
    ("powershell -Command Start-Sleep -s 0", 0, ""),
    ("ping -n 1 127.0.0.1", 0, "Reply from 127.0.0.1: bytes=32 time<1ms TTL=128\r\n"),
]


@pytest.mark.parametrize(("line", "code", "out"), CASES, ids=[case[0] for case in CASES])
def test_a_line_does_what_cmd_does(driver: Any, line: str, code: int, out: str) -> None:
    ended = driver.run(line)
    assert (ended.code, ended.out, ended.err) == (code, out, "")


@pytest.mark.parametrize("line", ["nosuch /x", "appcmd list wp", "wmic os", "bcdedit", "C:\\x\\hostname.exe"])
def test_a_program_outside_the_table_is_not_recognized(driver: Any, line: str) -> None:
    ended = driver.run(line)
    words = "is not recognized" if driver.host.spec.os_lang == "en-US" else "不是内部或外部命令"
    assert (ended.code, ended.out) == (1, "")
    assert words in ended.err
    assert line.split(" ", 1)[0] in ended.err


@pytest.mark.parametrize("line", ["hostname | more", "type < x", "(hostname)", "echo " + "x" * 9000])
def test_grammar_that_is_missing_is_refused_and_says_so(driver: Any, line: str) -> None:
    ended = driver.run(line)
    assert ended.code == 1
    assert ended.err.startswith("lab: cmd does not understand ")


@pytest.mark.parametrize("line", ["powershell Get-Process", "powershell -File x.ps1", "powershell -e !!", "powershell"])
def test_powershell_outside_the_table_is_refused(driver: Any, line: str) -> None:
    ended = driver.run(line)
    assert ended.code != 0
    assert ended.err.startswith("lab: powershell does not know ")


def test_both_streams_can_go_to_one_file_in_the_order_cmd_takes(driver: Any) -> None:
    joined = driver.run("nosuch >f 2>&1 & type f")
    assert "nosuch" in joined.out
    assert joined.err == ""
    apart = driver.run("nosuch 2>&1 >f & type f")
    assert "nosuch" in apart.out


def test_a_chinese_host_speaks_gbk_unless_the_shell_asks_for_utf_8(drivers: Any) -> None:
    driver = drivers(os_lang="zh-CN")
    assert driver.host.default_codepage() == 936
    assert "不是内部或外部命令" in driver.run("nosuch", codepage=936, encoding="gbk").err
    assert "不是内部或外部命令" in driver.run("nosuch", codepage=65001).err
    assert "?" in driver.run("nosuch", codepage=437, encoding="cp437").err


def test_without_cmd_the_line_is_one_program_and_must_exist(driver: Any) -> None:
    assert driver.run("hostname.exe", skip=True).out == "APP1\r\n"
    assert driver.run("chcp & hostname", skip=True).code == 1
    with pytest.raises(FileNotFoundError):
        driver.begin("echo hi", skip=True)


def test_the_shells_environment_reaches_the_command(driver: Any) -> None:
    assert driver.run("echo %TESTENV1% %testenv2%", TESTENV1="hi mom", TESTENV2="b").out == "hi mom b\r\n"


def test_timeout_refuses_redirected_input_as_the_real_one_does(driver: Any) -> None:
    ended = driver.run("timeout /t 5")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err


def test_a_hash_is_of_the_files_bytes(driver: Any) -> None:
    driver.host.files.write("C:\\Temp\\a b.txt", b"abc")
    ended = driver.run('certutil -hashfile "a b.txt" SHA256')
    assert ended.out.splitlines()[1] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert driver.run("certutil -hashfile nosuch SHA256").code == -2147024894


def test_ending_a_process_ends_its_children_and_is_written_down(driver: Any) -> None:
    driver.host.faults.ask("hang", match="hostname")
    console = driver.begin("hostname")
    driver.until(lambda: any(entry.name == "hostname.exe" for entry in driver.host.processes.all()))
    assert "hostname.exe" in driver.run('tasklist /FI "IMAGENAME eq hostname.exe" /FO CSV /NH').out
    assert driver.run(f"taskkill /PID {console.pid}").code == 1
    assert driver.run(f"taskkill /PID {console.pid} /T /F").code == 0
    assert driver.end(console).code == 1
    assert driver.effects("taskkill")[0].detail["names"] == ["hostname.exe", "cmd.exe"]
    assert driver.run(f"taskkill /PID {console.pid} /T /F").code == 128


def test_a_signal_ends_the_tree_with_the_code_of_control_c(driver: Any) -> None:
    driver.host.faults.ask("hang")
    console = driver.begin("hostname")
    console.signal("ctrl_c")
    assert driver.end(console).code == -1073741510
    driver.until(
        lambda: all(entry.name == "svchost.exe" or entry.name == "w3wp.exe" for entry in driver.host.processes.all())
    )
