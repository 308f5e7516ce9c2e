"""Windows paths on folders of this machine, without regard to case."""

import ntpath
from collections.abc import Mapping
from pathlib import Path

from lab.sqlserver.errors import SqlError

DEFAULT_FREE = 100 * 2**30


class Disk:
    """`D:\\Data\\x.mdf` lives at `<root>/d/Data/x.mdf`. `free_bytes` by drive letter is what a volume claims.

    A file is found in any case and keeps the one it was made with. `shares` are folders that lie elsewhere, by their
    Windows path, such as the one through which others hand files over.
    """

    def __init__(self, root: Path, shares: Mapping[str, Path]) -> None:
        self._root = root
        self._shares = {tuple(name.lower().split("\\")): folder for name, folder in shares.items()}
        self.free_bytes: dict[str, int] = {}

    def path(self, windows: str) -> Path:
        """Where that file is. Raises SqlError 3201 for a path without a drive or with a way up."""
        drive, rest = ntpath.splitdrive(ntpath.normpath(windows))
        parts = [p for p in rest.split("\\") if p]
        if not drive or ".." in parts or any("/" in p or "\0" in p for p in parts):
            raise SqlError(3201, windows, ("123(The filename is incorrect.)", "123(文件名语法不正确。)"))
        named = [drive, *parts]
        for share, folder in self._shares.items():
            if tuple(p.lower() for p in named[: len(share)]) == share:
                return _found(folder, named[len(share) :])
        return _found(self._root / drive.lower().strip("\\").replace(":", "").replace("\\", "_"), parts)

    def make_folder(self, windows: str) -> Path:
        """A folder that exists afterwards."""
        folder = self.path(windows)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def free(self, windows: str) -> int:
        """Free bytes of the path's volume."""
        return self.free_bytes.get(windows[:1].upper(), DEFAULT_FREE)


def _found(folder: Path, parts: list[str]) -> Path:
    """The file below the folder: as it is written there, or as it is named here if there is none."""
    for part in parts:
        exact = folder / part
        if not exact.exists() and folder.is_dir():
            exact = next((f for f in folder.iterdir() if f.name.lower() == part.lower()), exact)
        folder = exact
    return folder
