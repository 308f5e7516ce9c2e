"""PRELOGIN: what the client offers, and what is agreed about encryption."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

from lab.tds.packets import Malformed

ENTRY: Final = struct.Struct(">BHH")
VERSION, ENCRYPTION, INSTANCE, THREAD, MARS, FEDERATED = 0, 1, 2, 3, 4, 6
END: Final = 0xFF
MOST_OPTIONS: Final = 32

Mode = Literal["optional", "required", "none"]


class Encryption(IntEnum):
    """The values of the ENCRYPTION option."""

    OFF = 0
    ON = 1
    NOT_SUPPORTED = 2
    REQUIRED = 3


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the client's PRELOGIN says, as far as the server cares."""

    encryption: Encryption
    federated: bool


def read_offer(payload: bytes) -> Offer:
    """Parse a PRELOGIN. Raises Malformed."""
    options = _options(payload)
    said = options.get(ENCRYPTION) or b"\x02"
    if said[0] not in Encryption.__members__.values():
        raise Malformed(f"encryption {said[0]}")
    return Offer(encryption=Encryption(said[0]), federated=FEDERATED in options)


def agree(mode: Mode, offered: Encryption) -> Encryption:
    """The server's answer, as real servers give it."""
    if mode == "none":
        return Encryption.NOT_SUPPORTED
    if mode == "required":
        return Encryption.ON if offered in (Encryption.ON, Encryption.REQUIRED) else Encryption.REQUIRED
    return Encryption.ON if offered is Encryption.REQUIRED else offered


def write_answer(encryption: Encryption, version: tuple[int, int, int], *, federated: bool) -> bytes:
    """The payload of the server's PRELOGIN."""
    options = [
        (VERSION, struct.pack(">BBHH", *version, 0)),
        (ENCRYPTION, bytes([encryption])),
        (INSTANCE, b"\0"),
        (THREAD, b""),
        (MARS, b"\0"),
    ]
    if federated:
        options.append((FEDERATED, b"\0"))
    directory, data = b"", b""
    start = len(options) * ENTRY.size + 1
    for token, value in options:
        directory += ENTRY.pack(token, start + len(data), len(value))
        data += value
    return directory + bytes([END]) + data


def _options(payload: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for number in range(MOST_OPTIONS):
        entry = payload[number * ENTRY.size : (number + 1) * ENTRY.size]
        if entry[:1] == bytes([END]):
            return found
        if len(entry) < ENTRY.size:
            break
        token, offset, length = ENTRY.unpack(entry)
        if offset + length > len(payload):
            break
        found[token] = payload[offset : offset + length]
    raise Malformed("a truncated PRELOGIN")
