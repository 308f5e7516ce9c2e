"""One bucket: finished objects, multipart uploads, and S3's rules on parts."""

import hashlib
import shutil
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lab.s3.body import Body
from lab.s3.faults import Switch
from lab.s3.refusal import Refusal


@dataclass(frozen=True, kw_only=True)
class Rules:
    """S3's own numbers; tests may lower them."""

    least_part: int = 5 * 1024 * 1024
    most_parts: int = 10_000


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A finished object. `meta` are its headers of the kind x-amz-meta-… and content-…"""

    file: Path
    size: int
    etag: str
    meta: dict[str, str]
    at: datetime


@dataclass(kw_only=True)
class Multipart:
    """An upload in parts that is not complete."""

    id: str
    key: str
    meta: dict[str, str]
    begun: datetime
    parts: dict[int, Body] = field(default_factory=dict)


class Bucket:
    """State of the bucket `name`, its bytes in `folder`. All changes go to the ledger of the switch."""

    def __init__(self, name: str, folder: Path, switch: Switch, rules: Rules) -> None:
        self.name, self.folder, self.rules = name, folder, rules
        self.things: dict[str, Thing] = {}
        self.multiparts: dict[str, Multipart] = {}
        self._switch = switch
        self._lock = threading.RLock()

    def fresh(self) -> Path:
        return self.folder / uuid.uuid4().hex

    def thing(self, key: str) -> Thing:
        with self._lock:
            if key not in self.things:
                raise Refusal("NoSuchKey", "The specified key does not exist.")
            return self.things[key]

    def put(self, key: str, body: Body, meta: dict[str, str], only_new: bool) -> Thing:
        with self._lock:
            self._check_new(key, only_new)
            self._switch.effect("PutObject", key, body.size)
            return self._keep(
                key, Thing(file=body.file, size=body.size, etag=body.md5, meta=meta, at=datetime.now(UTC))
            )

    def delete(self, key: str) -> None:
        with self._lock:
            thing = self.things.pop(key, None)
            if thing:
                self._switch.effect("DeleteObject", key)
                thing.file.unlink()

    def create(self, key: str, meta: dict[str, str]) -> Multipart:
        made = Multipart(id=uuid.uuid4().hex, key=key, meta=meta, begun=datetime.now(UTC))
        with self._lock:
            self.multiparts[made.id] = made
            self._switch.effect("CreateMultipartUpload", key)
        return made

    def multipart(self, key: str, id_: str) -> Multipart:
        with self._lock:
            found = self.multiparts.get(id_)
            if not found or found.key != key:
                raise Refusal("NoSuchUpload", "The specified multipart upload does not exist.")
            return found

    def part(self, key: str, id_: str, number: int, body: Body) -> None:
        with self._lock:
            old = self.multipart(key, id_).parts.get(number)
            self.multiparts[id_].parts[number] = body
            self._switch.effect("UploadPart", key, body.size)
        if old:
            old.file.unlink()

    def check_number(self, number: int) -> None:
        if not 1 <= number <= self.rules.most_parts:
            text = f"Part number must be an integer between 1 and {self.rules.most_parts}, inclusive"
            raise Refusal("InvalidArgument", text)

    def complete(self, key: str, id_: str, told: list[tuple[int, str]], only_new: bool) -> Thing:
        with self._lock:
            made = self.multipart(key, id_)
            parts = self._parts(made, told)
            self._check_new(key, only_new)
            file = self.fresh()
            with file.open("wb") as out:
                for part in parts:
                    with part.file.open("rb") as one:
                        shutil.copyfileobj(one, out, 1024 * 1024)
            md5s = hashlib.md5(b"".join(bytes.fromhex(p.md5) for p in parts), usedforsecurity=False).hexdigest()
            size, etag = sum(p.size for p in parts), f"{md5s}-{len(parts)}"
            self._forget(id_)
            self._switch.effect("CompleteMultipartUpload", key, size)
            return self._keep(key, Thing(file=file, size=size, etag=etag, meta=made.meta, at=datetime.now(UTC)))

    def abort(self, key: str, id_: str) -> None:
        with self._lock:
            self.multipart(key, id_)
            self._forget(id_)
            self._switch.effect("AbortMultipartUpload", key)

    def _parts(self, made: Multipart, told: list[tuple[int, str]]) -> list[Body]:
        numbers = [number for number, _ in told]
        if not numbers:
            raise Refusal("MalformedXML", "You must specify at least one part")
        if numbers != sorted(set(numbers)):
            raise Refusal("InvalidPartOrder", "The list of parts was not in ascending order.")
        for number, etag in told:
            if number not in made.parts or made.parts[number].md5 != etag.strip('"'):
                raise Refusal("InvalidPart", f"Part {number} could not be found, or its entity tag does not match.")
        parts = [made.parts[n] for n in numbers]
        if any(p.size < self.rules.least_part for p in parts[:-1]):
            raise Refusal("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        return parts

    def _check_new(self, key: str, only_new: bool) -> None:
        if only_new and key in self.things:
            raise Refusal("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")

    def _keep(self, key: str, thing: Thing) -> Thing:
        old = self.things.get(key)
        self.things[key] = thing
        if old:
            old.file.unlink()
        return thing

    def _forget(self, id_: str) -> None:
        for part in self.multiparts.pop(id_).parts.values():
            part.file.unlink()
