"""What can go wrong between the S3 store and its server, each time with the ledger as the judge."""

import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path

import pytest

from domain.artifact import ArtifactStore, Upload
from domain.errors import Broke, Conflict, Denied, Mistake, NotFound, Severed, Unreachable
from domain.secret import Secret
from executors.objects import s3_store
from executors.objects_client import S3Client
from executors.objects_staging import Staging
from lab.s3 import Fault, S3Server
from tests.contract.objects.conftest import PART, SECRET, Room, key, settings_for, sha
from tests.contract.objects.test_artifacts import assert_nothing, content, read

DATA = content(5 * PART + 7)


def store_with(lab: S3Server, folder: Path, **changes: object) -> ArtifactStore:
    return s3_store(settings_for(lab, **changes), folder / "other")


@pytest.mark.parametrize("size", [10, 5 * PART])
@pytest.mark.parametrize("kind", ["drop-before", "drop-after", "slow-down"])
@pytest.mark.parametrize("action", ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
def test_one_fault_in_a_put_is_got_over_and_the_artifact_is_there_once(
    s3: Room, lab: S3Server, action: str, kind: str, size: int
) -> None:
    lab.switch.arm(Fault(kind=kind, action=action, key="artifacts/"))  # type: ignore[arg-type]
    data = content(size)
    assert s3.store.put(key("1"), [data]).sha256 == sha(data)
    assert read(s3, key("1")) == data
    finals = lab.switch.count("CompleteMultipartUpload") + sum(
        e.action == "PutObject" and "artifacts/" in e.key for e in lab.switch.effects
    )
    assert finals == 1
    for orphan in list(s3.store.stale(timedelta(0))):  # an answer to create that was lost names no upload to us
        assert (action, kind) == ("CreateMultipartUpload", "drop-after")
        s3.store.abandon(orphan)
    assert s3.leftovers() == []


@pytest.mark.req("DC-2")
def test_a_connection_that_always_drops_before_complete_leaves_nothing(s3: Room, lab: S3Server) -> None:
    lab.switch.arm(Fault(kind="drop-before", action="CompleteMultipartUpload", times=99))
    with pytest.raises(Unreachable):
        s3.store.put(key("1"), [DATA])
    lab.switch.clear()
    assert_nothing(s3)


@pytest.mark.req("DC-2")
def test_when_nobody_can_look_after_complete_the_outcome_is_unknown_and_a_later_put_finds_out(
    s3: Room, lab: S3Server
) -> None:
    lab.switch.arm(
        Fault(kind="drop-after", action="CompleteMultipartUpload"),
        Fault(kind="drop-before", action="CompleteMultipartUpload", times=99),
        Fault(kind="drop-before", action="AbortMultipartUpload", times=99),
    )
    with pytest.raises(Severed):
        s3.store.put(key("1"), [DATA])
    lab.switch.clear()
    effects = len(lab.switch.effects)
    assert s3.store.put(key("1"), [DATA]).sha256 == sha(DATA)
    assert len(lab.switch.effects) == effects
    for found in list(s3.store.stale(timedelta(0))):
        s3.store.abandon(found)
    assert s3.leftovers() == []
    assert read(s3, key("1")) == DATA


@pytest.mark.req("DC-4")
def test_a_download_that_is_cut_goes_on_at_that_byte(s3: Room, lab: S3Server) -> None:
    data = content(3 * 1024 * 1024 + 5)
    s3.store.put(key("1"), [data], sha256=sha(data))
    lab.switch.arm(Fault(kind="cut", action="GetObject", times=2))
    assert read(s3, key("1")) == data
    assert [status for name, status in lab.switch.requests if name == "GetObject"] == [206]  # the others were cut
    lab.switch.arm(Fault(kind="cut", action="GetObject", times=99))
    with pytest.raises(Unreachable):
        read(s3, key("1"))


def test_a_wrong_secret_is_denied_and_is_in_no_text(lab: S3Server, tmp_path: Path) -> None:
    store = store_with(lab, tmp_path, secret_key=Secret("wrong-secret"))
    for ask in (lambda: store.head(key("1")), lambda: list(store.list()), lambda: store.put(key("1"), [b"x"])):
        with pytest.raises(Denied) as caught:
            ask()
        for text in (caught.value.text.zh, caught.value.text.en, str(caught.value.facts)):
            assert "wrong-secret" not in text
            assert SECRET not in text
    assert lab.switch.effects == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"access_key": Secret("nobody")}, Denied),
        ({"bucket": "other"}, Broke),
        ({"endpoint": "http://127.0.0.1:1", "attempts": 1}, Unreachable),
    ],
)
def test_what_is_wrong_with_the_settings_is_said_in_both_languages(
    lab: S3Server, tmp_path: Path, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        list(store_with(lab, tmp_path, **changes).list())
    assert caught.value.text.zh != caught.value.text.en  # type: ignore[attr-defined]


def test_a_server_that_does_not_answer_in_time_is_unreachable(lab: S3Server, tmp_path: Path) -> None:
    store = store_with(lab, tmp_path, read_s=0.2, attempts=1)
    lab.switch.arm(Fault(kind="slow", seconds=30))
    with pytest.raises(Unreachable):
        store.head(key("1"))


def test_rights_that_are_taken_away_in_the_middle_leave_no_parts(s3: Room, lab: S3Server) -> None:
    lab.switch.arm(Fault(kind="denied", action="UploadPart", skip=2, times=99))
    with pytest.raises(Denied):
        s3.store.put(key("1"), [DATA])
    lab.switch.clear()
    assert_nothing(s3)


@pytest.mark.req("DC-4")
def test_a_link_serves_the_bytes_and_ranges_under_its_file_name_until_it_expires(s3: Room, lab: S3Server) -> None:
    s3.store.put(key("1"), [DATA])
    link = s3.store.link(key("1"), valid_s=60, file_name="生产 账套.bak")
    assert link is not None
    assert SECRET not in link
    with urllib.request.urlopen(urllib.request.Request(link, headers={"Range": "bytes=5-9"})) as answer:  # noqa: S310 - loopback
        assert (answer.status, answer.read()) == (206, DATA[5:10])
        assert "%E7%94%9F%E4%BA%A7%20%E8%B4%A6%E5%A5%97.bak" in answer.headers["Content-Disposition"]
    assert refused(link.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")) == 403
    assert refused(link.replace("main.bak", "other.bak")) == 403
    lab.now = lambda: datetime.now(UTC) + timedelta(seconds=90)
    assert refused(link) == 403


def refused(link: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(link)  # noqa: S310 - loopback
    with caught.value as error:
        return error.code


def test_a_link_to_nothing_or_for_ever_is_refused(s3: Room) -> None:
    with pytest.raises(NotFound):
        s3.store.link(key("1"), valid_s=60, file_name="a.bak")
    s3.store.put(key("1"), [b"x"])
    for valid_s in (0, -1, 8 * 24 * 3600):
        with pytest.raises(Mistake):
            s3.store.link(key("1"), valid_s=valid_s, file_name="a.bak")


def test_links_may_name_another_address_than_the_platform_uses(lab: S3Server, tmp_path: Path) -> None:
    store = store_with(lab, tmp_path, link_endpoint="https://oss.example.com", style="auto")
    store.put(key("1"), [b"x"])
    link = store.link(key("1"), valid_s=60, file_name="a.bak")
    assert link is not None
    assert link.startswith("https://oss.example.com/lab/yunwei/artifacts/")


def test_the_virtual_style_puts_the_bucket_into_the_host_name(lab: S3Server) -> None:
    client = S3Client(settings_for(lab, endpoint="https://oss.example.com", style="virtual"))
    assert client.link("a.bak", 60, "a.bak").startswith("https://lab.oss.example.com/a.bak?")


def test_a_multipart_upload_of_another_machine_is_stale_in_time_and_can_be_aborted(s3: Room, lab: S3Server) -> None:
    lab.bucket.create("yunwei/artifacts/acme/backup/9/x.bak", {})
    assert list(s3.store.stale(timedelta(hours=1))) == []
    (found,) = s3.store.stale(timedelta(0))
    assert found.key == key("9", "x.bak")
    s3.store.abandon(found)
    assert lab.bucket.multiparts == {}


@pytest.mark.req("DC-7")
def test_an_upload_whose_sending_fails_stays_and_is_finished_later(s3: Room, lab: S3Server) -> None:
    upload = s3.store.begin(key("1"), len(DATA))
    s3.store.append(upload, 0, [DATA])
    lab.switch.arm(Fault(kind="slow-down", action="UploadPart", times=99))
    with pytest.raises(Unreachable):
        s3.store.finish(upload, sha(DATA))
    lab.switch.clear()
    assert s3.store.offset(upload) == len(DATA)
    assert s3.store.finish(upload, sha(DATA)).size == len(DATA)
    assert s3.leftovers() == []


def test_an_artifact_without_its_hash_is_said_to_be_broken(s3: Room, lab: S3Server) -> None:
    s3.store.put(key("1"), [DATA])
    lab.bucket.delete(next(k for k in lab.bucket.things if "/facts/" in k))
    with pytest.raises(Broke):
        s3.store.head(key("1"))


def test_a_put_that_has_just_begun_is_not_taken_over_by_another_of_the_same_name(
    s3: Room, lab: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, other, winner = Staging.writing, s3.again(), content(5 * PART, seed=2)

    def late(self: Staging, upload: Upload) -> AbstractContextManager[FileIO]:
        monkeypatch.setattr(Staging, "writing", real)
        other.put(key("1"), [winner])  # begins and ends in the gap between our record and our lock on it
        return real(self, upload)

    monkeypatch.setattr(Staging, "writing", late)
    with pytest.raises(Conflict):
        s3.store.put(key("1"), [DATA])
    assert read(s3, key("1")) == winner
    assert s3.leftovers() == []


@pytest.mark.req("DC-7")
def test_a_finish_while_somebody_writes_does_not_drop_the_upload(s3: Room) -> None:
    upload = s3.store.begin(key("1"), 3)
    s3.store.append(upload, 0, [b"abc"])
    assert s3.folder is not None
    with Staging(s3.folder / "staging").writing(upload), pytest.raises(Conflict):
        s3.store.finish(upload)
    assert s3.store.finish(upload).sha256 == sha(b"abc")
