"""An artifact read here and there: what is fetched for it stays a few times its size, however the file is made."""

import io
import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.artifact import ArtifactKey, Opened, Range
from intake import stored_file
from intake.stored_file import MOST_SPARE, MOST_TIMES, StoredFile
from media.recognition import recognise
from media.window import Spent
from tests.contract.objects.conftest import key
from tests.contract.objects.memory import MemoryStore
from tests.unit.media.files import Dac

pytestmark = pytest.mark.req("DC-8")
BLOCK = 4096
MANY = 300


class Metered(MemoryStore):
    """Knows how many bytes were fetched from it."""

    fetched = 0

    def open(self, key: ArtifactKey, range_: Range | None = None) -> Opened:
        opened = super().open(key, range_)
        self.fetched += opened.length
        return opened


def package(order: random.Random) -> bytes:
    """Small entries, many to a block, and a directory that names them in this order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in Dac().parts().items():
            archive.writestr(name, data)
        for n in range(MANY):
            archive.writestr(f"Data/dbo.t/{n}.bcp", order.randbytes(BLOCK // 16))
        order.shuffle(archive.filelist)
    return file.getvalue()


@given(seed=st.integers(0, 2**32))
def test_a_package_is_fetched_a_few_times_whatever_the_order_of_its_directory(seed: int) -> None:
    store, content = Metered(), package(random.Random(seed))
    store.put(key("1"), [content])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_file, "BLOCK_BYTES", BLOCK)
        patch.setattr(stored_file, "MOST_TIMES", 10**6)  # the order alone is to do it
        found = recognise(StoredFile(store, key("1"), len(content)), name="erp.bacpac", size=len(content))
    assert found.accepted, found.refusals
    assert store.fetched <= 3 * len(content) + MOST_SPARE * BLOCK


def test_who_reads_to_and_fro_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_file, "BLOCK_BYTES", BLOCK)
    store, size = Metered(), 100 * BLOCK
    store.put(key("1"), [bytes(size)])
    file = StoredFile(store, key("1"), size)

    def to_and_fro() -> None:
        for n in range(10_000):
            file.seek(n % 2 * size // 2)
            file.read(1)

    with pytest.raises(Spent):
        to_and_fro()
    assert store.fetched <= MOST_TIMES * size + MOST_SPARE * BLOCK


def test_what_costs_too_much_to_fetch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    store, content = Metered(), package(random.Random(7))
    store.put(key("1"), [content])
    monkeypatch.setattr(stored_file, "MOST_TIMES", 0)
    monkeypatch.setattr(stored_file, "BLOCK_BYTES", BLOCK)
    found = recognise(StoredFile(store, key("1"), len(content)), name="erp.bacpac", size=len(content))
    assert [f.code for f in found.refusals] == ["too-costly"]
