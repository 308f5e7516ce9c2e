"""A little file tree with Windows' manners: back-slashes, drive letters, names without regard to case."""

import ntpath
import threading
from dataclasses import dataclass
from datetime import datetime

from lab.host.moments import utc_now

MOST_FILE_BYTES = 16 * 1024 * 1024
MOST_FILES = 20_000


@dataclass(frozen=True, kw_only=True)
class Node:
    """A file, or a folder when `data` is None; `path` keeps the case it was made with."""

    path: str
    data: bytes | None
    changed: datetime


class FileTree:
    """All methods take absolute paths and raise OSError subclasses as Windows would refuse."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._nodes: dict[str, Node] = {}
        self.make_folder("C:\\")

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError, IsADirectoryError."""
        node = self.find(path)
        if node is None:
            raise FileNotFoundError(path)
        if node.data is None:
            raise IsADirectoryError(path)
        return node.data

    def create_new(self, path: str, data: bytes) -> None:
        """Write a file that must not exist yet. Raises FileExistsError: this is the fence of the markers."""
        with self._lock:
            if self.find(path):
                raise FileExistsError(path)
            self.write(path, data)

    def write(self, path: str, data: bytes) -> None:
        """Write a file, replacing. Raises FileNotFoundError (no such folder), OSError (limits)."""
        with self._lock:
            parent = self.find(ntpath.dirname(_clean(path)))
            if parent is None or parent.data is not None:
                raise FileNotFoundError(path)
            if len(data) > MOST_FILE_BYTES or len(self._nodes) >= MOST_FILES:
                raise OSError(f"lab: the file tree holds {MOST_FILES} files of {MOST_FILE_BYTES} bytes")
            self._put(path, data)

    def append(self, path: str, data: bytes) -> None:
        """Write at the end, creating the file."""
        with self._lock:
            node = self.find(path)
            self.write(path, ((node.data or b"") if node else b"") + data)

    def make_folder(self, path: str) -> None:
        """Make a folder with its parents. Raises FileExistsError when a file is in the way."""
        with self._lock:
            clean = _clean(path)
            node = self.find(clean)
            if node and node.data is not None:
                raise FileExistsError(path)
            if node is None:
                if ntpath.dirname(clean) != clean:
                    self.make_folder(ntpath.dirname(clean))
                self._put(clean, None)

    def find(self, path: str) -> Node | None:
        """The file or folder there, if any."""
        with self._lock:
            return self._nodes.get(_key(path))

    def remove(self, path: str) -> None:
        """Delete a file. Raises FileNotFoundError, IsADirectoryError."""
        with self._lock:
            self.read(path)
            del self._nodes[_key(path)]

    def move(self, source: str, target: str) -> None:
        """Rename a file, replacing the target."""
        with self._lock:
            self.write(target, self.read(source))
            if _key(source) != _key(target):
                self.remove(source)

    def children(self, folder: str) -> list[Node]:
        """What lies directly in a folder, by name. Raises FileNotFoundError."""
        with self._lock:
            if self.find(folder) is None:
                raise FileNotFoundError(folder)
            inside = [
                node for key, node in self._nodes.items() if ntpath.dirname(key) == _key(folder) and key != _key(folder)
            ]
        return sorted(inside, key=lambda node: node.path.lower())

    def _put(self, path: str, data: bytes | None) -> None:
        self._nodes[_key(path)] = Node(path=_clean(path), data=data, changed=utc_now())


def _clean(path: str) -> str:
    if not ntpath.splitdrive(path)[0] or "\0" in path:
        raise OSError(f"not an absolute Windows path: {path!r}")
    if ":" in ntpath.splitdrive(path)[1]:  # a stream of another file, and .NET refuses it
        raise OSError(f"The given path's format is not supported: {path!r}")
    return ntpath.normpath(path)


def _key(path: str) -> str:
    return _clean(path).lower()
