"""type, dir, copy, del, move, mkdir and certutil -hashfile on the little file tree."""

import hashlib
import ntpath

from lab.host.service_programs import tell
from lab.host.session import Session
from lab.host.texts import say

NO_FILE = -2147024894  # 0x80070002


def where(session: Session, path: str) -> str:
    """A path as the program sees it, made absolute."""
    return ntpath.normpath(ntpath.join(session.folder, path.replace("/", "\\")))


def file_failed(session: Session, error: OSError) -> int:
    """Say why a file could not be had."""
    denied = isinstance(error, IsADirectoryError | PermissionError)
    known = isinstance(error, FileNotFoundError | FileExistsError | IsADirectoryError | PermissionError)
    session.err(say(session.world.spec.os_lang, "denied" if denied else "no_file") if known else f"{error}\r\n")
    return 1


def type_(session: Session, words: list[str]) -> int:
    """`type file`."""
    if len(words) != 1:
        return _syntax(session)
    try:
        session.write("stdout", session.world.files.read(where(session, words[0])))
    except OSError as error:
        return file_failed(session, error)
    return 0


def dir_(session: Session, words: list[str]) -> int:
    """`dir [/b] [path]`."""
    bare = any(word.lower() == "/b" for word in words)
    paths = [word for word in words if word.lower() != "/b"]
    if len(paths) > 1 or any(path.startswith("/") for path in paths):
        return _syntax(session)
    path = where(session, paths[0] if paths else ".")
    node = session.world.files.find(path)
    if node is None:
        return file_failed(session, FileNotFoundError(path))
    nodes = [node] if node.data is not None else session.world.files.children(path)
    if not bare:
        session.out(f"\r\n Directory of {path}\r\n\r\n")
    for each in nodes:
        size = "<DIR>" if each.data is None else str(len(each.data))
        name = ntpath.basename(each.path)
        session.out(f"{name}\r\n" if bare else f"{each.changed:%Y-%m-%d  %H:%M}    {size:>14} {name}\r\n")
    return 0


def copy(session: Session, words: list[str]) -> int:
    """`copy [/y] source target`."""
    paths = [where(session, word) for word in words if word.lower() != "/y"]
    if len(paths) != 2:
        return _syntax(session)
    try:
        session.world.files.write(_into(session, *paths), session.world.files.read(paths[0]))
    except OSError as error:
        return file_failed(session, error)
    tell(session, "copied", 1)
    return 0


def move(session: Session, words: list[str]) -> int:
    """`move [/y] source target`."""
    paths = [where(session, word) for word in words if word.lower() != "/y"]
    if len(paths) != 2:
        return _syntax(session)
    target = _into(session, *paths)
    try:
        session.world.files.move(paths[0], target)
    except OSError as error:
        return file_failed(session, error)
    session.record("file-move", source=paths[0], target=target)
    tell(session, "moved", 1)
    return 0


def del_(session: Session, words: list[str]) -> int:
    """`del [/q] [/f] file`; a file that is not there is no failure for cmd."""
    paths = [word for word in words if word.lower() not in ("/q", "/f")]
    if len(paths) != 1:
        return _syntax(session)
    try:
        session.world.files.remove(where(session, paths[0]))
    except FileNotFoundError:
        session.err(f"Could Not Find {where(session, paths[0])}\r\n")
    except OSError as error:
        return file_failed(session, error)
    return 0


def mkdir(session: Session, words: list[str]) -> int:
    """`mkdir folder`, with parents."""
    if len(words) != 1:
        return _syntax(session)
    path = where(session, words[0])
    if session.world.files.find(path):
        session.err(say(session.world.spec.os_lang, "exists", words[0]))
        return 1
    try:
        session.world.files.make_folder(path)
    except OSError as error:
        return file_failed(session, error)
    return 0


def certutil(session: Session, words: list[str]) -> int:
    """`certutil -hashfile file SHA256`."""
    if len(words) != 3 or words[0].lower() != "-hashfile" or words[2].upper() != "SHA256":
        session.out(f"lab: certutil does not know {' '.join(words)}\r\n")
        return 87
    try:
        data = session.world.files.read(where(session, words[1]))
    except OSError:
        tell(session, "no_file")
        return NO_FILE
    tell(session, "hash_head", words[1])
    session.out(f"{hashlib.sha256(data).hexdigest()}\r\n")
    tell(session, "hash_done")
    return 0


def _into(session: Session, source: str, target: str) -> str:
    node = session.world.files.find(target)
    return ntpath.join(target, ntpath.basename(source)) if node and node.data is None else target


def _syntax(session: Session) -> int:
    session.err(say(session.world.spec.os_lang, "syntax"))
    return 1
