"""A script runs once and what it says comes back, whatever the scheme, the encoding or the size."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from domain.errors import Broke, Denied

SCHEMES = ["ntlm", "ntlm+tls", "basic+tls"]
CLIXML = '#< CLIXML\r\n<Objs Version="1.1.0.1"><Obj S="progress"><AV>Preparing modules for first use.</AV></Obj></Objs>'


@pytest.mark.req("CARD-3")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_script_runs_and_its_facts_come_back_under_every_scheme(wire: Any, machine: Any, scheme: str) -> None:
    args = {"text": "账套 “测试” `$(calc)` %PATH% \"'\r\n", "number": 7, "list": [1, None, True]}
    reading = wire(scheme).run("echo", **args)
    assert reading.facts == args
    assert reading.exit_code == 0
    assert machine.started == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_second_command_uses_the_same_shell(wire: Any, machine: Any, scheme: str) -> None:
    host = wire(scheme)
    assert [host.run(n=n).facts["n"] for n in range(4)] == [0, 1, 2, 3]
    assert machine.asked["Create"] == 1
    assert machine.asked["Command"] == machine.started == 4


def test_a_shell_is_left_after_its_share_of_commands_and_deleted_at_the_end(
    wire: Any, machine: Any, quick: Any
) -> None:
    host = wire("ntlm", limits=replace(quick, shell_commands=2))
    for number in range(5):
        host.run(n=number)
    host.executor.close()
    assert machine.asked["Create"] == machine.asked["Delete"] == 3
    assert machine.started == 5


@pytest.mark.req("CORE-6")
def test_output_is_said_line_by_line_while_the_script_still_runs(wire: Any, machine: Any, watcher: Any) -> None:
    go_on, call = threading.Event(), watcher()

    def slow(process: Any, args: Any) -> Any:
        process.out("begun\r\n")
        assert go_on.wait(10)
        process.out("ended\r\n")
        return {}

    machine.scripts["slow"] = slow
    call.on_line = lambda line: go_on.set() if line == "begun" else None
    wire("ntlm").run("slow", call)
    assert call.said == [("stdout", "begun"), ("stdout", "ended")]


def test_a_character_cut_by_the_wire_is_whole_again_and_gbk_is_understood(
    wire: Any, machine: Any, watcher: Any
) -> None:
    def chinese(process: Any, args: Any) -> Any:
        for byte in "正在停止\r\n".encode():
            process.out(bytes([byte]))
        process.out("成功启动\r\n".encode("gbk"))
        return {"名": "值"}

    machine.scripts["chinese"] = chinese
    reading = wire("ntlm").run("chinese")
    assert reading.stdout == "正在停止\n成功启动"
    assert reading.facts == {"名": "值"}


def test_a_progress_record_on_the_error_stream_is_no_failure(wire: Any, machine: Any) -> None:
    machine.scripts["fresh"] = lambda process, args: process.out(CLIXML, "stderr")
    reading = wire("ntlm").run("fresh")
    assert (reading.exit_code, reading.stderr) == (0, "")


@pytest.mark.parametrize("scheme", ["ntlm", "basic+tls"])
def test_a_megabyte_of_output_arrives_clipped_with_its_head_its_tail_and_its_facts(
    wire: Any, machine: Any, watcher: Any, scheme: str
) -> None:
    def loud(process: Any, args: Any) -> Any:
        process.out("first\r\n" + ("x" * 1022 + "\r\n") * 1024 + "last\r\n")
        return {"done": True}

    machine.scripts["loud"] = loud
    reading = wire(scheme).run("loud", watcher(max_bytes=50_000))
    assert reading.facts == {"done": True}
    assert reading.truncated
    assert reading.stdout.startswith("first\n")
    assert reading.stdout.endswith("last")
    assert len(reading.stdout) < 50_100


def test_input_larger_than_one_envelope_arrives_whole(wire: Any, machine: Any) -> None:
    text = "界" * 30_000
    assert wire("ntlm").run(text=text).facts == {"text": text}
    assert machine.asked["Send"] == 2


@pytest.mark.req("IIS-2")
def test_a_failing_script_is_broke_with_its_code_and_its_cleaned_last_words(wire: Any, machine: Any) -> None:
    def fail(process: Any, args: Any) -> Any:
        process.out('#< CLIXML\r\n<Objs Version="1.1.0.1"><S S="Error">boom_x000D__x000A_</S></Objs>', "stderr")
        process.exit(3)

    machine.scripts["fail"] = fail
    with pytest.raises(Broke) as broke:
        wire("ntlm").run("fail")
    assert (broke.value.facts["exit_code"], broke.value.facts["stderr"]) == (3, "boom")
    assert "acme/prod/app1" in broke.value.text.en
    assert "退出码 3" in broke.value.text.zh


def test_access_denied_inside_the_script_is_denied(wire: Any, machine: Any) -> None:
    def fail(process: Any, args: Any) -> Any:
        process.out("拒绝访问。 FullyQualifiedErrorId : UnauthorizedAccessException\r\n", "stderr")
        process.exit(1)

    machine.scripts["fail"] = fail
    with pytest.raises(Denied):
        wire("ntlm").run("fail")


@pytest.mark.parametrize("facts", [[1, 2], "text", 5])
def test_a_script_that_answers_no_object_is_broke(wire: Any, machine: Any, facts: Any) -> None:
    machine.scripts["odd"] = lambda process, args: facts
    with pytest.raises(Broke):
        wire("ntlm").run("odd")


def test_a_script_that_exits_without_facts_is_broke_even_with_code_0(wire: Any, machine: Any) -> None:
    machine.scripts["mute"] = lambda process, args: process.exit(0)
    with pytest.raises(Broke) as broke:
        wire("ntlm").run("mute")
    assert broke.value.facts["exit_code"] == 0


@pytest.mark.req("CORE-8")
def test_a_password_that_a_script_prints_is_masked_everywhere(
    wire: Any, machine: Any, watcher: Any, password: str
) -> None:
    call = watcher()

    def leak(process: Any, args: Any) -> Any:
        process.out(f"password is {password}\r\n")
        process.out(f"failed with {password}\r\n", "stderr")
        process.exit(2)

    machine.scripts["leak"] = leak
    with pytest.raises(Broke) as broke:
        wire("ntlm").run("leak", call)
    assert password not in repr((call.said, broke.value.facts, broke.value.text))
    assert ("stdout", "password is ••••") in call.said


def test_many_threads_share_an_executor_and_no_session_is_used_by_two(wire: Any, machine: Any) -> None:
    host, answers, lock = wire("ntlm"), [], threading.Lock()

    def work(first: int) -> None:
        for number in range(first, first + 4):
            answer = host.run(n=number).facts["n"]
            with lock:
                answers.append(answer)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 32, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == list(range(32))
    assert machine.started == 32
    assert machine.asked["Create"] <= 8
