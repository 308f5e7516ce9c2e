"""The record of an artifact: whose it is, how it stands, what is known of it. Its bytes are in the artifact store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from domain.artifact import ArtifactKey
from domain.text import Text


class Keeping(StrEnum):
    """How an artifact stands. Only one that is ready can be used; the last three have no bytes any more."""

    UPLOADING = "uploading"
    CHECKING = "checking"
    READY = "ready"
    REFUSED = "refused"
    FAILED = "failed"
    DELETED = "deleted"


OPEN: Final = frozenset({Keeping.UPLOADING, Keeping.CHECKING})  # it is still on its way in
WITHOUT_BYTES: Final = frozenset({Keeping.REFUSED, Keeping.FAILED, Keeping.DELETED})
KEEPING_LABELS: Final[dict[Keeping, Text]] = {
    Keeping.UPLOADING: Text("上传中", "being uploaded"),
    Keeping.CHECKING: Text("识别中", "being recognised"),
    Keeping.READY: Text("可用", "ready"),
    Keeping.REFUSED: Text("已拒绝", "refused"),
    Keeping.FAILED: Text("上传失败", "upload failed"),
    Keeping.DELETED: Text("已删除", "deleted"),
}


class ArtifactKind(StrEnum):
    """What an artifact is. `upload` is a backup that a tenant sent."""

    BACKUP = "backup"
    UPLOAD = "upload"
    BACPAC = "bacpac"
    SCRIPT = "script"


ARTIFACT_LABELS: Final[dict[str, Text]] = {
    ArtifactKind.BACKUP: Text("云端备份", "backup"),
    ArtifactKind.UPLOAD: Text("上传的备份", "uploaded backup"),
    ArtifactKind.BACPAC: Text("数据包", "package"),
    ArtifactKind.SCRIPT: Text("脚本", "script"),
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """One row. `upload` is the store's id of the upload that made it; `expires_at`: when a sweeper looks after it."""

    id: str
    tenant: str
    kind: str
    key: ArtifactKey
    place: str
    name: str
    description: str
    size: int | None
    sha256: str | None
    state: Keeping
    facts: Mapping[str, Any]
    job: int | None
    upload: str | None
    added_by: str
    added_at: datetime
    expires_at: datetime | None
