"""The address of the artifact store: one word, every mistake at once, and no secret in it."""

from pathlib import Path

import pytest

from domain.artifact import ArtifactKey
from domain.errors import Mistake
from domain.secret import Secret, SecretRef
from executors.objects_address import s3_settings, store_at

WHOLE = (
    "s3://backups/prod/yunwei?endpoint=https://oss.example.com&region=cn-hangzhou&access_key=env:ID"
    "&secret_key=file:/etc/yunwei/s3&style=virtual&only_new=no&ca=/etc/ca.pem&link_endpoint=https://dl.example.com"
)


def opened(ref: SecretRef) -> Secret:
    return Secret(f"value of {ref}")


def refused(address: str, tmp_path: Path) -> list[str]:
    with pytest.raises(Mistake) as raised:
        store_at(address, tmp_path, opened, "YUNWEI_ARTIFACTS")
    assert {f.path for f in raised.value.faults} == {"YUNWEI_ARTIFACTS"}
    told = [f.text.en for f in raised.value.faults]
    assert "hunter2" not in " ".join(told)
    return told


def test_a_whole_address_of_a_bucket_is_read() -> None:
    read = s3_settings(WHOLE, opened, "A")
    assert (read.endpoint, read.bucket, read.prefix) == ("https://oss.example.com", "backups", "prod/yunwei/")
    assert (read.region, read.style, read.only_new, read.ca_file) == ("cn-hangzhou", "virtual", False, "/etc/ca.pem")
    assert read.link_endpoint == "https://dl.example.com"
    assert read.access_key == Secret("value of env:ID")
    assert read.secret_key == Secret("value of file:/etc/yunwei/s3")


def test_a_bucket_without_a_prefix_has_none() -> None:
    short = "s3://b?endpoint=http://m:9000&region=r&access_key=env:A&secret_key=env:S"
    read = s3_settings(short, opened, "A")
    assert (read.bucket, read.prefix, read.style, read.only_new) == ("b", "", "auto", True)


def test_nothing_means_the_folder_of_the_home(tmp_path: Path) -> None:
    store = store_at("", tmp_path / "artifacts", opened, "A")
    key = ArtifactKey(tenant="acme", kind="backup", run="1", name="a.bak")
    store.put(key, [b"bytes"])
    assert (tmp_path / "artifacts" / "artifacts" / "acme" / "backup" / "1" / "a.bak" / "data").read_bytes() == b"bytes"


def test_a_full_path_is_a_folder(tmp_path: Path) -> None:
    store_at(str(tmp_path / "big disk"), tmp_path / "home", opened, "A")
    assert (tmp_path / "big disk" / "staging").is_dir()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("relative/folder", "full path"),
        ("ftp://host/folder", "full path"),
        ("s3://b", "Missing: endpoint, region, access_key, secret_key"),
        (WHOLE + "&pathstyle=1", "Unknown option 'pathstyle'"),
        (WHOLE.replace("env:ID", "hunter2"), "env:NAME or file:PATH"),
        (WHOLE.replace("s3://", "s3://AK:hunter2@"), "Must be s3://bucket"),
        (WHOLE.replace("virtual", "flat"), "auto / path / virtual"),
        (WHOLE.replace("only_new=no", "only_new=0"), "yes / no"),
    ],
)
def test_a_mistake_is_named_and_never_shows_a_secret(address: str, said: str, tmp_path: Path) -> None:
    assert any(said in told for told in refused(address, tmp_path))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert len(refused("s3://?style=x&only_new=y&z=1", tmp_path)) == 5
