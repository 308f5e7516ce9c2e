"""The recognition on an uploaded file: what it is, why it is refused, and what only a server can tell."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from domain.errors import Fault
from domain.text import Text
from media.archive import Limits, Unsafe, read_directory
from media.backup import BUDGET, Media, read_media
from media.bacpac import Package, is_package, missing_parts, read_package
from media.judgement import refusals_of_media, refusals_of_package, remarks_on_media, remarks_on_package
from media.sentences import refusal
from media.sniff import CALLED, HEAD, Kind, sniff
from media.tape import Broken
from media.window import Seekable, Spent, Window
from media.xmlparts import BadXml

ASK_OF_BACKUP = ("LABELONLY", "HEADERONLY", "FILELISTONLY", "VERIFYONLY")
SMALLEST_COMPRESSED = 4_096
SUFFIXES = {
    Kind.PLAIN_BACKUP: ".bak",
    Kind.COMPRESSED_BACKUP: ".bak",
    Kind.BACPAC: ".bacpac",
    Kind.DACPAC: ".dacpac",
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the server takes at most: its internal database version (904) and its platform (150). None: not known."""

    database_version: int | None = None
    platform: int | None = None


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """`ask` names the RESTORE statements that a server must still answer; `remarks` do not keep a file out."""

    kind: Kind
    refusals: tuple[Fault, ...] = ()
    remarks: tuple[Text, ...] = ()
    ask: tuple[str, ...] = ()
    media: Media | None = None
    package: Package | None = None

    @property
    def accepted(self) -> bool:
        return not self.refusals

    @property
    def called(self) -> Text:
        return CALLED[self.kind]


ANYTHING = Target()
USUAL = Limits()


def recognise(
    file: Seekable, *, name: str, size: int, target: Target = ANYTHING, limits: Limits = USUAL
) -> Recognition:
    """Judges `size` bytes of a seekable binary file. Raises nothing of its own: what is hostile ends in the answer."""
    kind = sniff(Window(file, size, HEAD).read(0, HEAD), size)
    if kind is Kind.PLAIN_BACKUP:
        return _named(_plain(Window(file, size, BUDGET), target), name)
    if kind is Kind.COMPRESSED_BACKUP:
        return _named(_compressed(size), name)
    if kind is Kind.ZIP:
        # Every byte is read once, a small archive twice (to find its end), the entries' own headers once more.
        return _named(_zip(Window(file, size, 3 * size + HEAD), name, target, limits), name)
    return _other(kind, name)


def recognise_package(file: Seekable, *, size: int, target: Target = ANYTHING, limits: Limits = USUAL) -> Recognition:
    """Judges a package of DacFx by what it is, whatever it is called; anything else is refused."""
    kind = sniff(Window(file, size, HEAD).read(0, HEAD), size)
    if kind is Kind.ZIP:
        return _zip(Window(file, size, 3 * size + HEAD), "package.bacpac", target, limits)
    return _other(kind, "package.bacpac")


def _plain(window: Window, target: Target) -> Recognition:
    try:
        media = read_media(window)
    except Broken as broken:
        fault = refusal("truncated", size=window.size) if broken.truncated else refusal("damaged-header")
        return Recognition(kind=Kind.PLAIN_BACKUP, refusals=(fault,))
    refusals = refusals_of_media(media, window.size, target.database_version)
    ask = ASK_OF_BACKUP if not refusals else ()
    return Recognition(kind=Kind.PLAIN_BACKUP, media=media, refusals=refusals, remarks=remarks_on_media(media), ask=ask)


def _compressed(size: int) -> Recognition:
    """The container's layout is not published: only the server can read what is in it."""
    if size < SMALLEST_COMPRESSED:
        return Recognition(kind=Kind.COMPRESSED_BACKUP, refusals=(refusal("truncated", size=size),))
    remark = Text(
        "压缩备份的内容（类型、数据库、版本、条带、密码、加密、是否完整）只有服务器能读出。",
        "What is in a compressed backup (type, database, version, stripes, password, encryption, whether it is whole) "
        "only a server can tell.",
    )
    return Recognition(kind=Kind.COMPRESSED_BACKUP, remarks=(remark,), ask=ASK_OF_BACKUP)


def _zip(window: Window, name: str, target: Target, limits: Limits) -> Recognition:
    kind = {".bacpac": Kind.BACPAC, ".dacpac": Kind.DACPAC}.get(suffix_of(name), Kind.ZIP)
    try:
        entries = read_directory(window, limits)
        if not is_package(entries):
            return _other(Kind.ZIP, name)
        if missing := missing_parts(entries):
            return Recognition(kind=kind, refusals=(refusal("missing-parts", parts=", ".join(missing)),))
        package = read_package(window, entries)
    except Unsafe as unsafe:
        return Recognition(kind=kind, refusals=(refusal(unsafe.code, entry=unsafe.entry),))
    except BadXml as bad:
        return Recognition(kind=kind, refusals=(refusal(bad.code),))
    except Spent:
        return Recognition(kind=kind, refusals=(refusal("too-costly"),))
    return Recognition(
        kind=Kind.BACPAC if package.is_bacpac else Kind.DACPAC,
        package=package,
        refusals=refusals_of_package(package, target.platform),
        remarks=remarks_on_package(package),
    )


def _other(kind: Kind, name: str) -> Recognition:
    if kind in (Kind.EMPTY, Kind.ZEROS):
        return Recognition(kind=kind, refusals=(refusal(kind.value),))
    if suffix_of(name) in SUFFIXES.values() and kind is not Kind.UNKNOWN:
        return Recognition(kind=kind, refusals=(refusal("in-disguise", suffix=suffix_of(name), kind=CALLED[kind]),))
    return Recognition(kind=kind, refusals=(refusal("not-a-backup", kind=CALLED[kind]),))


def _named(recognition: Recognition, name: str) -> Recognition:
    """A good file under a wrong name is refused as well: the next reader would go by the name."""
    wanted = SUFFIXES.get(recognition.kind)
    if recognition.refusals or wanted is None or suffix_of(name) == wanted:
        return recognition
    fault = refusal("in-disguise", suffix=suffix_of(name) or "…", kind=recognition.called)
    return Recognition(kind=recognition.kind, refusals=(fault,), media=recognition.media, package=recognition.package)


def suffix_of(name: str) -> str:
    """The extension in small letters, also of a Windows path."""
    return PurePosixPath(name.replace("\\", "/")).suffix.casefold()
