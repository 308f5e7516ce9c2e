"""A running command as the WinRM server sees it."""

from typing import Any

from lab.host.console import MOST_INPUT_BYTES


def test_the_exit_code_comes_only_when_no_output_is_left(driver: Any) -> None:
    driver.host.files.write("C:\\Temp\\big", b"x" * 1_000_000)
    console = driver.begin("type big & type big & exit /b 5")
    assert console.wait_end(20) == 5
    sizes, code = [], None
    while code is None:
        chunks, code = console.read(1)
        sizes.append(sum(len(chunk.data) for chunk in chunks))
    assert (sizes, code) == ([1_000_000, 1_000_000], 5)


def test_a_read_without_output_waits_no_longer_than_asked(driver: Any) -> None:
    driver.host.faults.ask("hang")
    assert driver.begin("hostname").read(0.05) == ([], None)


def test_too_much_input_ends_the_process(driver: Any) -> None:
    console = driver.begin("powershell -Command Start-Sleep -s 600")
    console.write(b"x" * MOST_INPUT_BYTES, end=False)
    console.write(b"x", end=True)
    assert driver.end(console).code == 1


def test_a_command_goes_on_without_its_client(driver: Any) -> None:
    driver.begin_restart("t1")
    marker = "C:\\ProgramData\\yunwei\\markers\\t1.json"

    def ended() -> bool:
        node = driver.host.files.find(marker)
        return node is not None and b'"ended"' in node.data

    driver.until(ended)
    assert driver.effects("iisreset")[0].token == "t1"
