"""Message encryption: SOAP sealed by the NTLM context inside `multipart/encrypted`, both ways."""

import re
import struct
from typing import Any, Final

PROTOCOL: Final = b"application/HTTP-SPNEGO-session-encrypted"
CONTENT_TYPE: Final = f'multipart/encrypted;protocol="{PROTOCOL.decode()}";boundary="Encrypted Boundary"'
SIGNATURE_BYTES: Final = 16

# Python clients begin the inner header lines with a TAB, the Ruby client does not: both are accepted.
HEAD: Final = re.compile(
    rb"\A-- ?Encrypted Boundary\r\n"
    rb"[ \t]*Content-Type:[ ]*application/HTTP-SPNEGO-session-encrypted\r\n"
    rb"[ \t]*OriginalContent:[^\r\n]*?Length=(\d{1,9})[^\r\n]*\r\n"
    rb"-- ?Encrypted Boundary\r\n"
    rb"[ \t]*Content-Type:[ ]*application/octet-stream\r\n"
    rb"(?:\r\n)?",
    re.IGNORECASE,
)
TAIL: Final = re.compile(rb"-- ?Encrypted Boundary--(?:\r\n)?\Z")
ANSWER: Final = (
    b"--Encrypted Boundary\r\n"
    b"\tContent-Type: " + PROTOCOL + b"\r\n"
    b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n"
    b"--Encrypted Boundary\r\n"
    b"\tContent-Type: application/octet-stream\r\n"
    b"%s%s%s"
    b"--Encrypted Boundary--\r\n"
)


class Unreadable(Exception):
    """The body is not sealed by this connection's context: HTTP 400."""


def is_sealed(content_type: str) -> bool:
    """Whether a request says its body is sealed."""
    return content_type.lower().startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))


def unseal(body: bytes, context: Any) -> bytes:
    """The plain SOAP of a sealed body. Raises Unreadable."""
    signature, sealed, length = _parts(body)
    try:
        plain = bytes(context.unwrap_winrm(signature, sealed))
    except Exception as error:  # whatever the context says of hostile bytes, the wire says 400
        raise Unreadable("the signature does not belong to this connection") from error
    if len(plain) != length:
        raise Unreadable("the length is not the one announced")
    return plain


def seal(plain: bytes, context: Any) -> bytes:
    """A plain answer as a sealed body. Answers have to be sealed in the order in which they are sent."""
    wrapped = context.wrap_winrm(plain)
    length = len(plain) + wrapped.padding_length
    return ANSWER % (length, struct.pack("<I", len(wrapped.header)), wrapped.header, wrapped.data)


def _parts(body: bytes) -> tuple[bytes, bytes, int]:
    """Signature, ciphertext and announced length. The ciphertext may contain anything, so only the ends are read."""
    head = HEAD.match(body)
    tail = TAIL.search(body, max(0, len(body) - 64))
    if head is None or tail is None or tail.start() < head.end() + 4 + SIGNATURE_BYTES:
        raise Unreadable("this is no multipart/encrypted body")
    sealed = body[head.end() : tail.start()]
    (signature_bytes,) = struct.unpack_from("<I", sealed)
    if signature_bytes != SIGNATURE_BYTES:
        raise Unreadable("the signature has a wrong length")
    return sealed[4 : 4 + SIGNATURE_BYTES], sealed[4 + SIGNATURE_BYTES :], int(head.group(1))
