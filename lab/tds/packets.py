"""TDS packets: the 8-byte header, messages put together up to their end, answers cut into packets."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

HEADER: Final = struct.Struct(">BBHHBB")  # type, status, length with header, SPID, packet id, window
HEADER_BYTES: Final = HEADER.size
DEFAULT_PACKET_BYTES: Final = 4096
SMALLEST_PACKET_BYTES: Final = 512
LARGEST_PACKET_BYTES: Final = 32767
LARGEST_LOGIN_BYTES: Final = 128 * 1024
LARGEST_MESSAGE_BYTES: Final = 64 * 1024 * 1024

END: Final = 0x01
IGNORE: Final = 0x02
RESET: Final = 0x08


class Kind(IntEnum):
    """What a packet carries."""

    BATCH = 0x01
    RPC = 0x03
    ANSWER = 0x04
    ATTENTION = 0x06
    TRANSACTION = 0x0E
    LOGIN = 0x10
    PRELOGIN = 0x12


class Malformed(Exception):
    """The client sent what no client sends. Only its own connection suffers."""


@dataclass(frozen=True, kw_only=True)
class Packet:
    """One packet of a client, as read."""

    kind: Kind
    status: int
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Request:
    """One whole message of a client."""

    kind: Kind
    payload: bytes
    ignored: bool = False  # the client changed its mind while it was sending
    resets: bool = False


def read_packet(read: Callable[[int], bytes]) -> Packet:
    """The next packet. Raises Malformed, and EOFError where the client is gone."""
    kind, status, length, _, _, _ = HEADER.unpack(read(HEADER_BYTES))
    if not HEADER_BYTES <= length <= LARGEST_PACKET_BYTES:
        raise Malformed(f"a packet of {length} bytes")
    if kind not in Kind.__members__.values():
        raise Malformed(f"a packet of type {kind:#04x}")
    return Packet(kind=Kind(kind), status=status, body=read(length - HEADER_BYTES))


def read_request(read: Callable[[int], bytes], *, limit: int = LARGEST_MESSAGE_BYTES) -> Request:
    """The next message, whole. An attention in the middle of a message takes its place. Raises as read_packet."""
    first = packet = read_packet(read)
    body = bytearray(first.body)
    while not packet.status & END:
        packet = read_packet(read)
        if packet.kind is Kind.ATTENTION:
            return Request(kind=Kind.ATTENTION, payload=b"")
        if packet.kind is not first.kind:
            raise Malformed(f"{packet.kind.name} in the middle of {first.kind.name}")
        body += packet.body
        if len(body) > limit:
            raise Malformed(f"a message of more than {limit} bytes")
    return Request(
        kind=first.kind,
        payload=bytes(body),
        ignored=bool(packet.status & IGNORE),
        resets=bool(first.status & RESET),
    )


def packet_bytes(asked: int) -> int:
    """The packet size for what the client asked for; 0 is the default."""
    if asked == 0:
        return DEFAULT_PACKET_BYTES
    return min(max(asked, SMALLEST_PACKET_BYTES), LARGEST_PACKET_BYTES)


class Outgoing:
    """One message on its way to the client. What is added goes out when a packet is full or on `flush`."""

    def __init__(
        self,
        send: Callable[[bytes], None],
        *,
        kind: Kind = Kind.ANSWER,
        spid: int = 0,
        size: int = DEFAULT_PACKET_BYTES,
    ) -> None:
        self._send = send
        self._kind = kind
        self._spid = spid & 0xFFFF
        self._room = size - HEADER_BYTES
        self._waiting = bytearray()
        self._number = 0

    def add(self, data: bytes) -> None:
        """Append tokens; full packets leave at once, except one that may be the last."""
        self._waiting += data
        while len(self._waiting) > self._room:
            self._packet(self._room, 0)

    def flush(self) -> None:
        """Send what waits, as a short packet that is not the last."""
        if self._waiting:
            self._packet(len(self._waiting), 0)

    def end(self) -> None:
        """Send what waits, as the last packet."""
        self._packet(len(self._waiting), END)

    def _packet(self, length: int, status: int) -> None:
        self._number = (self._number + 1) % 256
        header = HEADER.pack(self._kind, status, length + HEADER_BYTES, self._spid, self._number, 0)
        self._send(header + bytes(self._waiting[:length]))
        del self._waiting[:length]
