"""HTTP, authentication and sealing of the WinRM server."""

import base64
import re
import struct
from typing import Any

import pytest
import spnego

PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
SEALED = {"Content-Type": f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'}


@pytest.mark.req("CARD-3")
def test_an_unknown_client_is_offered_the_schemes_of_the_lab(serve: Any, raw: Any) -> None:
    reply = raw(serve(allow_unencrypted=True), login=None).post("")
    assert (reply.status, reply.body) == (401, b"")
    assert reply.challenges == ["Negotiate", 'Basic realm="WSMAN"']


def test_basic_is_refused_where_anybody_could_read_it(serve: Any, raw: Any, write_envelope: Any) -> None:
    reply = raw(serve()).post(write_envelope("Create", "<rsp:Shell/>"))
    assert (reply.status, reply.challenges) == (401, ["Negotiate"])


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_a_challenge_comes_in_the_scheme_the_client_used(
    scheme: str, serve: Any, raw: Any, login: tuple[str, str]
) -> None:
    client = raw(serve(), login=None)
    context = spnego.client(*login, protocol="ntlm")
    reply = client.post("", {"Authorization": f"{scheme} {_token(context.step())}"})
    assert reply.status == 401
    assert reply.challenges[0].startswith(f"{scheme} TlRMTVNTUAAC")


@pytest.mark.req("CARD-3")
def test_soap_sent_along_with_every_ntlm_message_is_performed_once(
    serve: Any, raw: Any, login: tuple[str, str], write_envelope: Any, tls: Any, machine: Any
) -> None:
    client = raw(serve(allow_unencrypted=True), login=None)
    statuses = _sign_in(client, login, write_envelope("Create", "<rsp:Shell/>"))[1]
    assert statuses == [401, 200]
    client.headers.pop("Authorization", None)
    opened = client.call("Create", "<rsp:Shell/>")  # the connection is signed in now, without a header
    assert opened.find("Owner") == login[0]


def test_a_new_sign_in_on_the_same_connection_starts_over(
    serve: Any, raw: Any, login: tuple[str, str], write_envelope: Any
) -> None:
    client = raw(serve(allow_unencrypted=True), login=None)
    _sign_in(client, login, "")
    context = spnego.client(login[0], "wrong", protocol="ntlm")
    challenge = client.post("", {"Authorization": f"Negotiate {_token(context.step())}"}).challenges[0]
    answer = context.step(base64.b64decode(challenge.split()[1]))
    assert client.post("", {"Authorization": f"Negotiate {_token(answer)}"}).status == 401
    assert client.post(write_envelope("Create", "<rsp:Shell/>")).status == 401


def test_plain_soap_over_http_is_refused_also_when_signed_in(
    serve: Any, raw: Any, login: tuple[str, str], write_envelope: Any
) -> None:
    client = raw(serve(), login=None)
    assert _sign_in(client, login, "")[1] == [401, 200]
    assert client.post(write_envelope("Create", "<rsp:Shell/>")).status == 401


@pytest.mark.req("CARD-3")
@pytest.mark.parametrize("indent", [b"\t", b""], ids=["with TAB", "without TAB"])
def test_a_sealed_request_is_answered_sealed(
    indent: bytes, serve: Any, raw: Any, login: tuple[str, str], write_envelope: Any
) -> None:
    client = raw(serve(), login=None)
    context = _sign_in(client, login, "")[0]
    for _ in range(3):  # the key stream goes on from message to message
        reply = client.post(_sealed(context, write_envelope("Create", "<rsp:Shell/>"), indent), SEALED)
        assert reply.status == 200
        assert "<rsp:ShellId>" in _unsealed(context, reply.body)
    reply = client.post(_sealed(context, write_envelope("Delete", "", shell_id="none"), indent), SEALED)
    assert reply.status == 500
    assert 'Code="2150858843"' in _unsealed(context, reply.body)


@pytest.mark.req("CARD-3")
def test_a_sealed_body_of_another_connection_is_a_bad_request(
    serve: Any, raw: Any, login: tuple[str, str], write_envelope: Any
) -> None:
    server = serve()
    first, second = raw(server, login=None), raw(server, login=None)
    context = _sign_in(first, login, "")[0]
    body = _sealed(context, write_envelope("Create", "<rsp:Shell/>"))
    assert second.post(body, SEALED).status == 401
    _sign_in(second, login, "")
    reply = second.post(body, SEALED)
    assert (reply.status, reply.body) == (400, b"")


@pytest.mark.parametrize(
    "body",
    [b"", b"--Encrypted Boundary\r\n", b"\0" * 500, b"--Encrypted Boundary--\r\n" * 9],
    ids=["empty", "cut short", "zeros", "ends only"],
)
def test_a_broken_sealed_body_is_a_bad_request(body: bytes, serve: Any, raw: Any, login: tuple[str, str]) -> None:
    client = raw(serve(), login=None)
    _sign_in(client, login, "")
    assert client.post(body or b"\r\n", SEALED).status == 400


def test_a_tampered_sealed_body_is_a_bad_request(
    serve: Any, raw: Any, login: tuple[str, str], write_envelope: Any
) -> None:
    client = raw(serve(), login=None)
    context = _sign_in(client, login, "")[0]
    body = bytearray(_sealed(context, write_envelope("Create", "<rsp:Shell/>")))
    body[-40] ^= 1
    assert client.post(bytes(body), SEALED).status == 400


def test_a_sealed_body_that_announces_another_length_is_a_bad_request(
    serve: Any, raw: Any, login: tuple[str, str], write_envelope: Any
) -> None:
    client = raw(serve(), login=None)
    context = _sign_in(client, login, "")[0]
    body = re.sub(rb"Length=\d+", b"Length=9", _sealed(context, write_envelope("Create", "<rsp:Shell/>")))
    assert client.post(body, SEALED).status == 400


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic b3BlcmF0b3I=",
        "Negotiate",
        "Negotiate AAAA",
        "Negotiate TlRMTVNTUAADAAAA",
        "NTLM TlRMTVNTUAABAAAA",
        "Negotiate " + "YIIB" * 200,
        "Kerberos YIIB",
        "CredSSP x",
        "\xff",
    ],
)
def test_a_senseless_token_is_refused(authorization: str, serve: Any, raw: Any) -> None:
    client = raw(serve(allow_unencrypted=True), login=None)
    reply = client.post("", {"Authorization": authorization})
    assert (reply.status, reply.body) == (401, b"")
    assert client.post("").status == 401, "the connection goes on"


def _sign_in(client: Any, login: tuple[str, str], body: str) -> tuple[Any, list[int]]:
    """NTLM on the client's connection; `body` goes along with each message. Answers context and statuses."""
    context = spnego.client(*login, protocol="ntlm")
    first = client.post(body, {"Authorization": f"Negotiate {_token(context.step())}"})
    token = context.step(base64.b64decode(first.challenges[0].split()[1]))
    second = client.post(body, {"Authorization": f"Negotiate {_token(token)}"})
    return context, [first.status, second.status]


def _token(raw_token: bytes | None) -> str:
    return base64.b64encode(raw_token or b"").decode()


def _sealed(context: Any, plain: str, indent: bytes = b"\t") -> bytes:
    wrapped = context.wrap_winrm(plain.encode())
    return b"\r\n".join(
        [
            b"--Encrypted Boundary",
            indent + f"Content-Type: {PROTOCOL}".encode(),
            indent + b"OriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d" % len(plain.encode()),
            b"--Encrypted Boundary",
            indent + b"Content-Type: application/octet-stream",
            struct.pack("<I", len(wrapped.header)) + wrapped.header + wrapped.data + b"--Encrypted Boundary--",
            b"",
        ]
    )


def _unsealed(context: Any, body: bytes) -> str:
    match = re.search(rb"\tContent-Type: application/octet-stream\r\n(.*)--Encrypted Boundary--\r\n\Z", body, re.DOTALL)
    assert match, body
    return bytes(context.unwrap_winrm(match.group(1)[4:20], match.group(1)[20:])).decode()
