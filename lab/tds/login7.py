"""LOGIN7: who the client says it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lab.tds.answers import Login
from lab.tds.dialect import Dialect
from lab.tds.packets import Malformed, packet_bytes
from lab.tds.reading import Reading

FIXED_BYTES: Final = 36
INTEGRATED: Final = 0x80  # of OptionFlags2
EXTENSION: Final = 0x10  # of OptionFlags3
UTF8_SUPPORT: Final = 0x0A
LAST_FEATURE: Final = 0xFF
MOST_FEATURES: Final = 32
FIELDS: Final = ("host", "user", "password", "program", "server", "extension", "library", "language", "database")


@dataclass(frozen=True, kw_only=True)
class Hello:
    """A LOGIN7, parsed: the login, and how to talk to this client."""

    login: Login
    dialect: Dialect
    packet_bytes: int
    integrated: bool
    features: frozenset[int] | None  # None: the client knows no feature extension


def read_login(payload: bytes) -> Hello:
    """Parse a LOGIN7. Raises Malformed."""
    fixed = Reading(payload)
    length, version, size = fixed.unsigned(4), fixed.unsigned(4), fixed.unsigned(4)
    if not FIXED_BYTES <= length <= len(payload):
        raise Malformed(f"a login of {length} bytes")
    flags = Reading(payload, 24).take(4)
    try:
        dialect = Dialect.of(version)
    except ValueError as error:
        raise Malformed(str(error)) from None
    extended = dialect.has_features and bool(flags[3] & EXTENSION)
    return Hello(
        login=_login(payload),
        dialect=dialect,
        packet_bytes=packet_bytes(size),
        integrated=bool(flags[1] & INTEGRATED),
        features=frozenset(_features(payload)) if extended else None,
    )


def unscramble(scrambled: bytes) -> bytes:
    """The password's bytes: XOR 0xA5, nibbles swapped."""
    return bytes(((b ^ 0xA5) << 4 & 0xF0) | ((b ^ 0xA5) >> 4) for b in scrambled)


def _login(payload: bytes) -> Login:
    said = {name: _field(payload, name) for name in FIELDS if name != "extension"}
    return Login(
        user=_text(said["user"]),
        password=_text(unscramble(said["password"])),
        database=_text(said["database"]),
        host=_text(said["host"]),
        program=_text(said["program"]),
        language=_text(said["language"]),
        library=_text(said["library"]),
    )


def _field(payload: bytes, name: str) -> bytes:
    offset, length = _place(payload, name)
    return Reading(payload, offset).take(length * 2)


def _place(payload: bytes, name: str) -> tuple[int, int]:
    pair = Reading(payload, FIXED_BYTES + FIELDS.index(name) * 4)
    return pair.unsigned(2), pair.unsigned(2)


def _text(data: bytes) -> str:
    return Reading(data).text(len(data) // 2)


def _features(payload: bytes) -> Iterator[int]:
    offset, _ = _place(payload, "extension")
    entries = Reading(payload, Reading(payload, offset).unsigned(4))
    for _ in range(MOST_FEATURES):
        feature = entries.unsigned(1)
        if feature == LAST_FEATURE:
            return
        entries.take(entries.unsigned(4))
        yield feature
    raise Malformed("features without an end")
