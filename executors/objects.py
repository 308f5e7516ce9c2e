"""The artifact stores: a local folder as default, or an S3 bucket, whose library is loaded only when it is used."""

from pathlib import Path

from domain.artifact import ArtifactStore
from executors.objects_local import LocalStore
from executors.objects_settings import S3Settings

__all__ = ["LocalStore", "S3Settings", "local_store", "s3_store"]


def local_store(folder: Path) -> ArtifactStore:
    """Artifacts in a folder of this machine."""
    return LocalStore(folder)


def s3_store(settings: S3Settings, staging: Path) -> ArtifactStore:
    """Artifacts in a bucket; uploads that are on their way are staged in a local folder."""
    from executors.objects_s3 import S3Store  # boto3 takes a third of a second to load

    return S3Store(settings, staging)
