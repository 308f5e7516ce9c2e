"""The three stores under one contract, each in a room of its own that can be looked into from outside."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from domain.artifact import ArtifactKey, ArtifactStore
from domain.secret import Secret
from executors.objects import LocalStore, S3Settings, s3_store
from lab.s3 import Rules, S3Server
from tests.contract.objects.memory import MemoryStore

ACCESS, SECRET = "AKLAB", "geheim/密+钥"
PART = 4096


@dataclass
class Room:
    """A store, another process's view of it, and what lies about outside of finished artifacts."""

    store: ArtifactStore
    again: Callable[[], ArtifactStore]
    leftovers: Callable[[], list[str]]
    lab: S3Server | None = None
    settings: S3Settings | None = None
    folder: Path | None = None
    keys: Iterator[ArtifactKey] = field(default_factory=lambda: (key(str(n)) for n in range(10**6)))


def key(run: str, name: str = "main.bak", tenant: str = "acme") -> ArtifactKey:
    return ArtifactKey(tenant=tenant, kind="backup", run=run, name=name)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def settings_for(lab: S3Server, **changes: object) -> S3Settings:
    made = S3Settings(
        endpoint=lab.endpoint,
        bucket=lab.bucket.name,
        region="us-east-1",
        access_key=Secret(ACCESS),
        secret_key=Secret(SECRET),
        prefix="yunwei/",
        style="path",
        part_bytes=PART,
        connect_s=5,
        read_s=20,
        attempts=3,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def lab_in(folder: Path) -> S3Server:
    (folder / "bucket").mkdir()
    return S3Server(folder / "bucket", keys={ACCESS: SECRET}, rules=Rules(least_part=1024))


def s3_room(lab: S3Server, folder: Path) -> Room:
    settings = settings_for(lab)

    def leftovers() -> list[str]:
        used = {t.meta.get("x-amz-meta-facts") for t in lab.bucket.things.values()}
        facts = [k for k in lab.bucket.things if "/facts/" in k and Path(k).stem not in used]
        return [*(m.key for m in lab.bucket.multiparts.values()), *facts, *(p.name for p in folder.glob("staging/*"))]

    def make() -> ArtifactStore:
        return s3_store(settings, folder / "staging")

    return Room(store=make(), again=make, leftovers=leftovers, lab=lab, settings=settings, folder=folder)


def local_room(folder: Path) -> Room:
    def leftovers() -> list[str]:
        return [p.name for p in folder.glob("staging/*")]

    def make() -> ArtifactStore:
        return LocalStore(folder)

    return Room(store=make(), again=make, leftovers=leftovers, folder=folder)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[S3Server]:
    server = lab_in(tmp_path)
    yield server
    server.close()


@pytest.fixture
def s3(lab: S3Server, tmp_path: Path) -> Room:
    return s3_room(lab, tmp_path)


@pytest.fixture
def local(tmp_path: Path) -> Room:
    return local_room(tmp_path)


@pytest.fixture(params=["memory", "local", "s3"])
def room(request: pytest.FixtureRequest) -> Room:
    if request.param == "memory":
        store = MemoryStore()
        return Room(store=store, again=lambda: store, leftovers=lambda: list(store._uploads))
    found: Room = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["local", "s3"])
def durable(request: pytest.FixtureRequest) -> Room:
    """The stores that outlive a process."""
    found: Room = request.getfixturevalue(request.param)
    return found
