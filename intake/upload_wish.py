"""What somebody wants to upload: read with every mistake at once, and allowed by the policies or not (DC-7, LET-3)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from domain.code import Code, CodeState
from domain.decision import Moment, Refused, Verdict
from domain.errors import Conflict, Fault, Mistake, NotFound
from domain.keeping import ArtifactKind
from domain.operation import Lock, Target, Traits
from domain.places import Place
from domain.request import Actor, Role
from domain.text import Text
from intake.attach import name_faults
from intake.codes import Purpose, Sent, Tried, send, use
from intake.desk import Desk
from intake.parse import MAX_DESCRIPTION, text_of, unknown_keys
from intake.traffic import check_room
from media.recognition import suffix_of
from runner.store.rows import dumps
from runner.store.tx import Tx

MOST_BYTES: Final = 1024**4
MOST_OPEN: Final = 5  # uploads of a tenant that are not finished
FIELDS: Final = frozenset({"filename", "place", "kind", "description", "restore", "sha256", "code"})
KINDS: Final[dict[str, tuple[ArtifactKind, tuple[str, ...]]]] = {
    "backup": (ArtifactKind.UPLOAD, (".bak",)),
    "bacpac": (ArtifactKind.BACPAC, (".bacpac", ".dacpac")),
}
_ANSWERS: Final = {"": False, "no": False, "false": False, "yes": True, "true": True}
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_BRINGING: Final = Traits(
    target=Target.DATA_CENTER,
    takes=timedelta(0),
    roles=frozenset({Role.ENTERPRISE_ADMIN, Role.IT_OPS, Role.OPERATOR}),
    interrupts_users=False,
    lock=Lock.NONE,
    letter="restore",
    code=True,
)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An upload that is asked for. `code` is the one-time code, passed on and never kept."""

    place: Place
    name: str
    kind: ArtifactKind
    size: int
    description: str
    restore: bool
    sha256: str | None
    code: str

    @property
    def bound(self) -> str:
        """The SHA-256 of what is asked for: another file, place or use is another wish."""
        said: dict[str, object] = {
            "place": self.place.path,
            "name": self.name,
            "kind": self.kind.value,
            "size": self.size,
        }
        said |= {"restore": self.restore, "sha256": self.sha256}
        return hashlib.sha256(dumps(said).encode()).hexdigest()


def read(desk: Desk, actor: Actor, size: int, given: Mapping[str, str]) -> Wish:
    """Read the metadata of an upload of `size` bytes. Raises Mistake with every fault."""
    faults: list[Fault] = []
    unknown_keys(given, FIELDS, faults)
    name = given.get("filename", "")
    faults += [Fault("filename", f.text, f.code) for f in name_faults(name)]
    kind = _kind(given.get("kind", ""), name, faults)
    place = _place(desk, actor, given.get("place", ""), faults)
    description = text_of(given, "description", MAX_DESCRIPTION, faults)
    code = text_of(given, "code", 20, faults)
    restore, sha256 = given.get("restore", "").lower(), given.get("sha256", "").lower()
    _check(size, restore, sha256, faults)
    if faults or place is None:
        raise Mistake(Text("上传申请有误", "The upload has mistakes"), tuple(faults))
    return Wish(
        place=place,
        name=name,
        kind=kind,
        size=size,
        description=description,
        restore=_ANSWERS[restore],
        sha256=sha256 or None,
        code=code,
    )


def allow(desk: Desk, tx: Tx, actor: Actor, wish: Wish, tried: Tried) -> None:
    """In the transaction that begins the upload. Raises Refused with all reasons, Conflict, Mistake."""
    decision = desk.decider.passing(tx, Moment.UPLOAD, _BRINGING, actor, wish.place, tx.now(), tried.code)
    if decision.verdict is not Verdict.ALLOW:
        raise Refused(decision)
    _leave_room(tx, wish)
    if not use(tx, tried):  # of two with the same code the first has used it
        gone = Code(state=CodeState.NOT_ASKED)
        raise Refused(desk.decider.passing(tx, Moment.UPLOAD, _BRINGING, actor, wish.place, tx.now(), gone))


def read_upload(body: Mapping[str, Any]) -> tuple[int, dict[str, str]]:
    """Size and metadata of an upload that a code is asked for. Raises Mistake with every fault."""
    faults: list[Fault] = []
    unknown_keys(body, frozenset({"size", "metadata"}), faults)
    size, metadata = body.get("size"), body.get("metadata")
    if not isinstance(size, int) or isinstance(size, bool):
        faults.append(Fault("size", Text("应为字节数", "Must be a number of bytes")))
    if not isinstance(metadata, Mapping) or not all(isinstance(v, str) for v in metadata.values()):
        faults.append(Fault("metadata", Text("应为文本的对象", "Must be an object of texts")))
    if faults or not isinstance(size, int) or not isinstance(metadata, Mapping):
        raise Mistake(Text("上传申请有误", "The upload has mistakes"), tuple(faults))
    return size, {str(k): str(v) for k, v in metadata.items()}


def purpose(actor: Actor, wish: Wish) -> Purpose:
    """What a one-time code for this upload is bound to: this file, this place, this use."""
    return Purpose(account=actor.name, action="upload", place=wish.place.path, bound=wish.bound)


def ask_code(desk: Desk, actor: Actor, size: int, given: Mapping[str, str]) -> Sent:
    """Send a code for an upload with this metadata. Raises Mistake (every fault), Conflict, Unreachable."""
    wish = read(desk, actor, size, {k: v for k, v in given.items() if k != "code"})
    return desk.store.write(lambda tx: send(desk, tx, purpose(actor, wish), Text("上传数据中心", "upload")))


def _kind(word: str, name: str, faults: list[Fault]) -> ArtifactKind:
    """By the word, or else by the name; both must agree: the next reader goes by the name."""
    suffix = suffix_of(name)
    meant = word or next((w for w, (_, suffixes) in KINDS.items() if suffix in suffixes), "backup")
    if meant not in KINDS:
        known = ", ".join(KINDS)
        faults.append(Fault("kind", Text(f"只能是：{known}", f"Must be one of: {known}")))
        return ArtifactKind.UPLOAD
    kind, suffixes = KINDS[meant]
    if suffix not in suffixes:
        known = " / ".join(suffixes)
        faults.append(
            Fault("filename", Text(f"文件名须以 {known} 结尾", f"The file name must end with {known}"), "suffix")
        )
    return kind


def _place(desk: Desk, actor: Actor, path: str, faults: list[Fault]) -> Place | None:
    try:
        place = desk.place(path[:200], actor)
    except NotFound as unseen:
        faults.append(Fault("place", unseen.text, "unknown"))
        return None
    if place.data_center is None:
        zh, en = "上传针对数据中心，如 acme/prod/ledger1", "An upload is for a data center, like acme/prod/ledger1"
        faults.append(Fault("place", Text(zh, en), "wrong-target"))
    return place


def _check(size: int, restore: str, sha256: str, faults: list[Fault]) -> None:
    if not 1 <= size <= MOST_BYTES:
        zh, en = f"大小应为 1 至 {MOST_BYTES} 字节（1 TiB）", f"The size is 1 to {MOST_BYTES} bytes (1 TiB)"
        faults.append(Fault("size", Text(zh, en), "out-of-range"))
    if restore not in _ANSWERS:
        faults.append(Fault("restore", Text("只能是 yes 或 no", "Must be yes or no")))
    if sha256 and not _SHA256.fullmatch(sha256):
        faults.append(Fault("sha256", Text("应为 64 位十六进制", "Must be 64 hexadecimal digits")))


def _leave_room(tx: Tx, wish: Wish) -> None:
    tenant = wish.place.tenant
    row = tx.row("open_uploads", tenant=tenant.name)
    if row and row["open"] >= MOST_OPEN:
        zh = f"同时最多 {MOST_OPEN} 个未完成的上传：请先完成或终止其他上传"
        en = f"At most {MOST_OPEN} uploads may be unfinished: finish or end the others first"
        raise Conflict(Text(zh, en), most=MOST_OPEN)
    check_room(tx, tenant, wish.size, "size")
