"""XML parts read as a stream: no document type, no entities, no depth or token without a limit."""

from collections.abc import Callable, Iterable
from xml.parsers import expat

MOST_DEPTH = 256
MOST_PENDING = 4 * 1024 * 1024  # bytes of one token, such as an attribute's value
MOST_TEXT = 64 * 1024  # bytes kept of one element
MOST_LEAVES = 10_000

Opened = Callable[[str, dict[str, str]], None]


class BadXml(Exception):
    """The part is refused: `code` is `xml-doctype`, `xml-limits` or `xml-malformed`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse(pieces: Iterable[bytes], opened: Opened, text: Callable[[str], None], closed: Callable[[str], None]) -> None:
    """Feeds the pieces to expat; names come without their namespace's prefix. Raises `BadXml`."""
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_DEPTH:
            raise BadXml("xml-limits")
        opened(name.rpartition(":")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        closed(name.rpartition(":")[2])

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    fed = 0
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            fed += len(piece)
            if fed - max(parser.CurrentByteIndex, 0) > MOST_PENDING:
                raise BadXml("xml-limits")
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError):  # the latter two: an encoding that expat asks Python for
        raise BadXml("xml-malformed") from None


def _refuse(*_: object) -> None:
    raise BadXml("xml-doctype")


def leaves(pieces: Iterable[bytes]) -> dict[str, str]:
    """The texts of a small part by path without the root, `Operation/Start`; of `Checksum` by its `Uri` as well."""
    path: list[str] = []
    found: dict[str, str] = {}

    def opened(name: str, attributes: dict[str, str]) -> None:
        uri = attributes.get("Uri")
        path.append(f"{name}@{uri}" if uri else name)

    def text(data: str) -> None:
        key = "/".join(path[1:])
        kept = found.get(key, "") + data
        if len(kept) > MOST_TEXT or len(found) > MOST_LEAVES:
            raise BadXml("xml-limits")
        found[key] = kept

    def closed(_: str) -> None:
        path.pop()

    parse(pieces, opened, text, closed)
    return {key: value.strip() for key, value in found.items() if value.strip()}
