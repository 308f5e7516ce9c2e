"""What the WinRM server answers to what is no request, no envelope, or makes no sense: never a traceback."""

import socket
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"POST /wsman\r\n\r\n", 400),
        (b"GET /wsman HTTP/1.1\r\n\r\n", 405),
        (b"POST /other HTTP/1.1\r\n\r\n", 404),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: ten\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST /wsman HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\n" + b"A: b\r\n" * 100 + b"\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nA: " + b"b" * 70000 + b"\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_told_so_and_closed(request_bytes: bytes, status: int, serve: Any) -> None:
    with socket.create_connection(("127.0.0.1", serve().port), timeout=10) as sock:
        sock.sendall(request_bytes)
        answer = b""
        try:
            while piece := sock.recv(4096):
                answer += piece
        except ConnectionResetError:
            assert len(request_bytes) > 60000, "unread input may turn the close into a reset"
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()) or len(request_bytes) > 60000
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("no xml", 2150858817),
        ("<a/>", 2150858817),
        (b"\xff\xfe<\x00\xd8", 2150858817),
        (b"\x80\x81", 2150858817),
        ("<a>" * 100_000, 2150858817),
        ("<a>" + "x" * 600_000 + "</a>", 2150858805),
    ],
    ids=["text", "another root", "broken UTF-16", "no UTF-8", "deep", "too large"],
)
def test_what_is_no_envelope_is_a_fault(body: str | bytes, fault: int, serve: Any, raw: Any) -> None:
    client = raw(serve(allow_unencrypted=True))
    reply = client.post(body)
    assert (reply.status, reply.fault) == (500, fault)
    assert client.open_shell(), "the connection goes on"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_envelope_with_a_document_type_is_a_fault(encoding: str, serve: Any, raw: Any, write_envelope: Any) -> None:
    prolog = '<!DOCTYPE s [<!ENTITY who "stdin">]>'
    body = write_envelope("Create", "<rsp:Shell><rsp:InputStreams>&who;</rsp:InputStreams></rsp:Shell>")
    reply = raw(serve(allow_unencrypted=True)).post((prolog + body).encode(encoding))
    assert (reply.status, reply.fault) == (500, 2150858817)
    assert b"stdin" not in reply.body


@pytest.mark.parametrize("host", ["[", "a/b", "", '"><f:x>'])
def test_a_senseless_host_header_does_no_harm(host: str, serve: Any, raw: Any, write_envelope: Any) -> None:
    client = raw(serve(allow_unencrypted=True))
    assert client.post(write_envelope("Create", "<rsp:Shell/>"), {"Host": host}).status == 200
    reply = client.post(write_envelope("Delete", "", shell_id="none"), {"Host": host})
    assert reply.fault == 2150858843
    assert b"<f:x>" not in reply.body


def test_an_envelope_in_utf_16_is_understood(serve: Any, raw: Any, write_envelope: Any) -> None:
    client = raw(serve(allow_unencrypted=True))
    assert client.post(write_envelope("Create", "<rsp:Shell/>").encode("utf-16")).status == 200


@pytest.mark.parametrize(
    ("action", "body", "more", "fault"),
    [
        ("http://example.org/Format", "", {}, 2150858753),
        ("Create", "<rsp:Shell/>", {"resource": "http://schemas.microsoft.com/powershell/x"}, 2150858752),
        ("Create", "<rsp:Shell/>", {"timeout": "PT-1S"}, 2150858767),
        ("Create", "<rsp:Shell/>", {"timeout": "soon"}, 2150858767),
        ("Create", "", {}, 87),
        ("Create", "<rsp:Shell><rsp:IdleTimeOut>x</rsp:IdleTimeOut></rsp:Shell>", {}, 87),
        ("Create", '<rsp:Shell ShellId="../etc"/>', {}, 87),
        (
            "Create",
            "<rsp:Shell/>",
            {"extra": '<w:OptionSet><w:Option Name="WINRS_CODEPAGE">utf</w:Option></w:OptionSet>'},
            87,
        ),
        ("Command", "<rsp:CommandLine/>", {}, 2150858843),
        ("Delete", "", {"shell_id": "&lt;script&gt;"}, 2150858843),
    ],
)
def test_a_senseless_request_is_a_fault_that_names_it(
    action: str, body: str, more: dict[str, str], fault: int, serve: Any, raw: Any
) -> None:
    reply = raw(serve(allow_unencrypted=True)).call(action, body, **more)
    assert (reply.status, reply.fault) == (500, fault)
    assert reply.find("RelatesTo") == "uuid:aBc-17", "as text, letter case and all"


@pytest.mark.parametrize(
    ("action", "body", "fault"),
    [
        ("Command", "<rsp:CommandLine/>", 87),
        ("Receive", "<rsp:Receive><rsp:DesiredStream>stdout</rsp:DesiredStream></rsp:Receive>", 87),
        ("Receive", '<rsp:Receive><rsp:DesiredStream CommandId="%s">secrets</rsp:DesiredStream></rsp:Receive>', 87),
        ("Send", '<rsp:Send><rsp:Stream Name="stdin" CommandId="%s">!</rsp:Stream></rsp:Send>', 87),
        ("Send", '<rsp:Send><rsp:Stream Name="stdout" CommandId="%s"></rsp:Stream></rsp:Send>', 87),
        ("Signal", '<rsp:Signal CommandId="%s"><rsp:Code>x/explode</rsp:Code></rsp:Signal>', 87),
        ("Signal", "<rsp:Signal/>", 87),
    ],
)
def test_a_senseless_request_on_a_living_command_is_a_fault(
    action: str, body: str, fault: int, serve: Any, raw: Any
) -> None:
    client = raw(serve(allow_unencrypted=True))
    shell = client.open_shell()
    command = client.run(shell, "wait")
    reply = client.call(action, body.replace("%s", command), shell_id=shell)
    assert (reply.status, reply.fault) == (500, fault)
