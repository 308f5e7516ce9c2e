"""Exchanges recorded from real Windows hosts, replayed: the same status and the same shape of s:Body come back."""

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
import yaml

VERSION = "0.9.1"
SHA256 = "3ad41285739d5f8107dd8277ae00e86ee44153aae5e82fb578ac8048307e0d12"
RECORDINGS = [
    *("bad_cmd_id", "environment", "extra_opts", "fail_poll_process", "no_cmd_shell", "noprofile"),
    *("open_already_opened", "operation_timeout", "send", "standard", "stderr_rc", "unicode"),
]
S = "{http://www.w3.org/2003/05/soap-envelope}"
RSP = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
TELLING = ("Name", "State", "End", "Code", "provider", "path")  # attributes whose value must be equal, too
ID = re.compile(r"<rsp:(?:ShellId|CommandId)>([^<]+)<")


@pytest.fixture(scope="session")
def cache_folder(request: pytest.FixtureRequest) -> Path:
    folder = request.config.rootpath / ".cache" / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def recordings(cache_folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Messages by recording, from the source package of pypsrp (MIT). Fails loudly when it cannot be had."""
    archive = _obtained(cache_folder)
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256, "this is not the source package we know"
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            match = re.search(r"/responses/test_winrs_(\w+)\.yml$", member.name)
            file = tar.extractfile(member) if match else None
            if match and file:
                found[match.group(1)] = yaml.safe_load(file.read())["messages"]
    return found


def test_the_recordings_are_complete(recordings: dict[str, list[dict[str, Any]]]) -> None:
    assert sorted(recordings) == RECORDINGS
    assert sum(len(messages) for messages in recordings.values()) == 61


@pytest.mark.req("CARD-3")
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_conversation_is_answered_as_by_the_real_host(
    name: str, recordings: dict[str, list[dict[str, Any]]], machine: Any, serve: Any, raw: Any
) -> None:
    machine.start = _obedient(machine)
    client = raw(serve(allow_unencrypted=True))
    live_ids: dict[str, str] = {}
    for number, message in enumerate(recordings[name]):
        _prepare(machine, message)
        reply = client.post(_with_live_ids(message["request"], live_ids))
        answer = reply.body.decode()
        where = f"{name}, message {number}: {answer}"
        assert reply.status == message.get("transport_error", {"code": 200})["code"], where
        assert _skeleton(_body(answer)) == _skeleton(_body(message["response"])), where
        live_ids.update(zip(ID.findall(message["response"]), ID.findall(answer), strict=True))


def _obtained(folder: Path) -> Path:
    archive = folder / f"pypsrp-{VERSION}.tar.gz"
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            command += ["--no-binary", ":all:", "--no-deps", "--dest", fresh, f"pypsrp=={VERSION}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
            assert done.returncode == 0, f"pip could not download the recordings:\n{done.stderr[-2000:]}"
            (Path(fresh) / archive.name).replace(archive)  # whole or not at all, also with parallel runs
    return archive


def _obedient(machine: Any) -> Any:
    """The host starts whatever was recorded; only the short name without a shell was not found."""
    scripted = type(machine).start

    def start(line: str, **how: Any) -> Any:
        if how["skip_cmd_shell"] and not line.lower().startswith("c:\\"):
            raise FileNotFoundError(line)
        return scripted(machine, "wait", **how)

    return start


def _prepare(machine: Any, message: dict[str, Any]) -> None:
    """Before a Receive, the process says and does what the recorded answer shows."""
    body = _body(message["response"])
    for stream in body.iter(f"{RSP}Stream"):
        if stream.text:
            machine.processes[-1].say(base64.b64decode(stream.text), stream.get("Name"))
    for code in body.iter(f"{RSP}ExitCode"):
        machine.processes[-1].finish(int(code.text or ""))


def _with_live_ids(request: str, live_ids: dict[str, str]) -> str:
    for recorded, live in live_ids.items():
        request = request.replace(recorded, live)
    # The recorded command was silent for longer than 10 s; ours is silent for as long as we like.
    return request.replace("<wsman:OperationTimeout>PT10S<", "<wsman:OperationTimeout>PT0.2S<")


def _body(envelope: str) -> Element:
    body = ElementTree.fromstring(envelope).find(f"{S}Body")  # noqa: S314 - our own server and test data
    assert body is not None
    return body


def _skeleton(element: Element) -> Any:
    # The old host dropped characters from the names of variables it echoed: no reason to do the same.
    telling = () if element.tag == f"{RSP}Variable" else TELLING
    attributes = sorted((k, v if k in telling else "") for k, v in element.attrib.items())
    return element.tag, attributes, [_skeleton(child) for child in element]
