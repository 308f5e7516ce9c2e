"""WS-Management envelopes: parse a request safely, compose an answer from a template."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from lab.winrm.faults import BAD_TIMEOUT, BAD_XML, Fault

S: Final = "{http://www.w3.org/2003/05/soap-envelope}"
A: Final = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
W: Final = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
RSP: Final = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
FAULT_ACTION: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

MAX_TIMEOUT_S: Final = 60.0  # MaxTimeoutms of the host's configuration
DEFAULT_MAX_ENVELOPE_BYTES: Final = 153600
DURATION: Final = re.compile(
    r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?", re.ASCII
)

ENVELOPE: Final = (
    '<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer"'
    ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
    ' xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"'
    ' xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd">'
    "<s:Header><a:Action>%s</a:Action><a:MessageID>uuid:%s</a:MessageID><p:ActivityId>%s</p:ActivityId>"
    "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>%s</s:Header>"
    "<s:Body>%s</s:Body></s:Envelope>"
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an envelope asks. `body` is the s:Body element."""

    action: str
    message_id: str
    resource: str
    timeout_s: float
    max_envelope_bytes: int
    options: Mapping[str, str]
    shell_id: str
    body: Element


def parse(data: bytes) -> Request:
    """The request in an envelope. Raises Fault."""
    root = _root(data)
    header, body = root.find(f"{S}Header"), root.find(f"{S}Body")
    if root.tag != f"{S}Envelope" or header is None or body is None:
        raise Fault(BAD_XML)
    message_id = _text(header, f"{A}MessageID")
    return Request(
        action=_text(header, f"{A}Action"),
        message_id=message_id,
        resource=_text(header, f"{W}ResourceURI"),
        timeout_s=_timeout_s(_text(header, f"{W}OperationTimeout"), message_id),
        max_envelope_bytes=_whole(_text(header, f"{W}MaxEnvelopeSize")) or DEFAULT_MAX_ENVELOPE_BYTES,
        options=_named(header, f"{W}OptionSet/{W}Option"),
        shell_id=_named(header, f"{W}SelectorSet/{W}Selector").get("SHELLID", ""),
        body=body,
    )


def compose(action: str, relates_to: str, body: str) -> bytes:
    """An envelope with that action and body (XML)."""
    relation = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (ENVELOPE % (action, new_id(), new_id(), relation, body)).encode()


def new_id() -> str:
    """A GUID as Windows prints it."""
    return str(uuid.uuid4()).upper()


def duration_s(text: str) -> float | None:
    """Seconds of an xs:duration such as `PT20S`, or None when it is none."""
    match = DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _root(data: bytes) -> Element:
    """The document as a tree. Document types are refused: no entity is ever expanded."""
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise Fault(BAD_XML)
        return ElementTree.fromstring(text)  # noqa: S314 - no document type, and the size is limited
    except (ValueError, ElementTree.ParseError) as error:
        raise Fault(BAD_XML) from error


def _text(parent: Element, path: str) -> str:
    return (parent.findtext(path) or "").strip()


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _timeout_s(text: str, message_id: str) -> float:
    """The client's limit, at most ours; a missing one is ours."""
    if not text:
        return MAX_TIMEOUT_S
    asked = duration_s(text)
    if asked is None:
        raise Fault(BAD_TIMEOUT, text, relates_to=message_id)
    return min(asked, MAX_TIMEOUT_S)


def _named(parent: Element, path: str) -> dict[str, str]:
    """Elements with a Name attribute, by that name in upper case."""
    return {(e.get("Name") or "").upper(): (e.text or "").strip() for e in parent.findall(path)}
