"""The wire between a database server's exchange folder and the artifact store: files are carried, and dropped."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from domain.artifact import ArtifactKey, ArtifactStore, Stored, chunks_of
from domain.command import Call, Carry, Command, Reading
from domain.errors import Broke, Conflict, Denied, Unreachable
from domain.places import DatabaseHost
from domain.text import Text
from executors.packages import inspected

PART: Final = ".part"  # the end of the name of a file that is not whole yet


class ExchangeExecutor:
    """Carries `Carry`. `keys` finds the key of an artifact by its id."""

    def __init__(
        self, hosts: Callable[[str], DatabaseHost], store: ArtifactStore, keys: Callable[[str], ArtifactKey]
    ) -> None:
        self._hosts, self._store, self._keys = hosts, store, keys

    def run(self, command: Command, call: Call) -> Reading:
        """Carry or drop one file. May be asked again: the same bytes end in the same place."""
        if not isinstance(command, Carry):
            raise TypeError(f"the exchange executor cannot carry {type(command).__name__}")
        folder = self._folder(command)
        path = _within(folder, command.file)
        with _disk(folder, command):
            match command.act:
                case "stow":
                    return Reading(facts=_told(self._stow(path, ArtifactKey.parse(command.key), call)))
                case "fetch":
                    key = self._keys(command.artifact) if command.artifact else ArtifactKey.parse(command.key)
                    return Reading(facts=_told(self._fetch(path, key, call)))
                case "drop":
                    return Reading(facts={"dropped": _drop(path)})
                case "inspect":
                    return Reading(facts=inspected(path, loads=True))
                case "stow-package":
                    return Reading(facts=self._stow_package(path, command.key, call))
        raise ValueError(f"a file is stowed, fetched, inspected or dropped, not {command.act!r}")

    def close(self) -> None:
        """Nothing stays open between two files."""

    def _folder(self, command: Carry) -> Path:
        host = self._hosts(command.host)
        if host.sql is None:
            zh, en = f"{host.path} 未配置交换目录", f"{host.path} has no exchange folder in the estate file"
            raise Denied(Text(zh, en), host=host.path, started=False)
        return Path(host.sql.exchange.here)

    def _stow(self, path: Path, key: ArtifactKey, call: Call) -> Stored:
        """Under a key of the job's own, where an earlier try may have stored it, and died before saying so."""
        size = path.stat().st_size
        try:
            with path.open("rb") as file:
                said = _progress(call, size)
                return self._store.put(key, chunks_of(file), size=size, said=said, stop=call.stop_asked)
        except Conflict:
            call.say("note", f"{key} was stored by an earlier try of this job")
            return _same(path, self._store.head(key))

    def _stow_package(self, path: Path, key: str, call: Call) -> dict[str, object]:
        """Only a sound one is stored, under the ending of what it is."""
        facts = inspected(path, loads=False)
        if facts["format"] is None:
            return facts
        return {**facts, **_told(self._stow(path, ArtifactKey.parse(f"{key}.{facts['format']}"), call))}

    def _fetch(self, path: Path, key: ArtifactKey, call: Call) -> Stored:
        stored = self._store.head(key)
        part = path.with_name(path.name + PART)
        said = _progress(call, stored.size)
        with self._store.open(key) as opened, part.open("wb") as file:
            for done, chunk in _counted(opened.chunks):
                file.write(chunk)
                said(done)
        part.replace(path)
        return stored


class _disk:  # noqa: N801  reads as a word where it is used
    """The folder's own troubles as ours."""

    def __init__(self, folder: Path, command: Carry) -> None:
        self._folder, self._command = folder, command

    def __enter__(self) -> None:
        if not self._folder.is_dir():
            zh = f"{self._command.host} 的交换目录在本机不可用"
            en = f"The exchange folder of {self._command.host} is not there on this machine: is it mounted?"
            raise Unreachable(Text(zh, en), host=self._command.host, started=False)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, OSError):
            return
        why = error.strerror or type(error).__name__
        zh, en = f"交换目录中的 {self._command.file}：{why}", f"{self._command.file} in the exchange folder: {why}"
        raise Broke(Text(zh, en), host=self._command.host, file=self._command.file) from error


def _within(folder: Path, name: str) -> Path:
    """A file of that folder and of no other."""
    if not name or Path(name).name != name or name in (".", ".."):
        raise ValueError(f"{name!r} is not the name of a file in the exchange folder")
    return folder / name


def _same(path: Path, stored: Stored) -> Stored:
    """What is stored, if it is this file. Raises Broke: other bytes would be taken for it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest == stored.sha256:
        return stored
    zh = f"{stored.key} 已存有另一份内容（SHA-256 {stored.sha256}），与 {path.name} 不符；请重新提交该操作"
    en = f"{stored.key} holds other bytes (SHA-256 {stored.sha256}) than {path.name}: ask for the operation again"
    raise Broke(Text(zh, en), key=str(stored.key), sha256=digest, stored_sha256=stored.sha256)


def _drop(path: Path) -> bool:
    dropped = path.exists()
    path.unlink(missing_ok=True)
    path.with_name(path.name + PART).unlink(missing_ok=True)
    return dropped


def _progress(call: Call, size: int) -> Callable[[int], None]:
    return lambda done: call.progress(100.0 * done / max(1, size), bytes=done, of_bytes=size)


def _counted(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    done = 0
    for chunk in chunks:
        done += len(chunk)
        yield done, chunk


def _told(stored: Stored) -> dict[str, object]:
    return {"key": str(stored.key), "size": stored.size, "sha256": stored.sha256}
