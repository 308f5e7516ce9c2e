"""Windows paths on a folder of this machine, without regard to case."""

import ntpath
from pathlib import Path

from lab.sqlserver.errors import SqlError

DEFAULT_FREE = 100 * 2**30


class Disk:
    """`D:\\Data\\x.mdf` lives at `<root>/d/data/x.mdf`. `free_bytes` by drive letter is what a volume claims."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.free_bytes: dict[str, int] = {}

    def path(self, windows: str) -> Path:
        """Where that file is. Raises SqlError 3201 for a path without a drive or with a way up."""
        drive, rest = ntpath.splitdrive(ntpath.normpath(windows))
        parts = [p for p in rest.lower().split("\\") if p]
        if not drive or ".." in parts or any("/" in p or "\0" in p for p in parts):
            raise SqlError(3201, windows, ("123(The filename is incorrect.)", "123(文件名语法不正确。)"))
        return self.root.joinpath(drive.lower().strip("\\").replace(":", "").replace("\\", "_"), *parts)

    def make_folder(self, windows: str) -> Path:
        """A folder that exists afterwards."""
        folder = self.path(windows)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def free(self, windows: str) -> int:
        """Free bytes of the path's volume."""
        return self.free_bytes.get(windows[:1].upper(), DEFAULT_FREE)
