"""A cursor over the bytes of a message. Whatever is too short is malformed."""

import struct

from lab.tds.packets import Malformed


class Reading:
    """Little-endian numbers and counted text, one after the other."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self.at

    def take(self, count: int) -> bytes:
        """So many bytes. Raises Malformed when there are fewer."""
        if count < 0 or count > self.left:
            raise Malformed(f"{count} bytes wanted, {self.left} left")
        self.at += count
        return self._data[self.at - count : self.at]

    def peek(self) -> int:
        """The next byte, left where it is."""
        if not self.left:
            raise Malformed("nothing left")
        return self._data[self.at]

    def unsigned(self, size: int) -> int:
        """A number of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        """A number of so many bytes, below zero too."""
        return int.from_bytes(self.take(size), "little", signed=True)

    def floating(self, size: int) -> float:
        """A float of 4 or 8 bytes."""
        number: float = struct.unpack("<f" if size == 4 else "<d", self.take(size))[0]
        return number

    def text(self, characters: int) -> str:
        """UTF-16 text of so many characters (code units)."""
        return wide_text(self.take(characters * 2))


def wide_text(data: bytes) -> str:
    """UTF-16LE, with half pairs kept as they are (as the server does). Raises Malformed on an odd length."""
    if len(data) % 2:
        raise Malformed("half a character")
    return data.decode("utf-16-le", "surrogatepass")
