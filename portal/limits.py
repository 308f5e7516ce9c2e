"""How much one client may ask of us: sizes, times, and a bucket of requests for each token."""

import math
import re
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from anyio import CapacityLimiter

from domain.errors import Unreachable
from domain.text import Text
from intake.attach import MAX_BYTES
from intake.letter_scan import MAX_BYTES as MAX_SCAN_BYTES
from intake.scripts import MAX_BYTES as MAX_SCRIPT_BYTES
from intake.upload_wish import MOST_BYTES as MOST_UPLOAD
from portal.problems import TooMany

_FILES: Final = re.compile(r"/api/v1/requests/[0-9]+/attachments")
_SCRIPTS: Final = "/api/v1/scripts"
_UPLOADS: Final = re.compile(r"/api/v1/uploads/[0-9a-f]{16}")
_SCANS: Final = re.compile(r"/api/v1/letters/[0-9]+/scans")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The figures. A token may do `burst` requests at once and `rate_per_s` on average, in each portal process.

    `uploads` are taken at once, each by a thread of its own, and `uploads_of_tenant` of them of one tenant.
    At most `large_bodies` bodies longer than `body_bytes` are held in memory at once, and at most `reviews` scripts are
    reviewed at once: others wait.
    """

    body_bytes: int = 1024 * 1024
    attachment_bytes: int = MAX_BYTES
    scan_bytes: int = MAX_SCAN_BYTES
    script_bytes: int = MAX_SCRIPT_BYTES
    upload_bytes: int = MOST_UPLOAD
    uploads: int = 32
    uploads_of_tenant: int = 8
    large_bodies: int = 4
    reviews: int = 2
    body_s: float = 30.0
    depth: int = 20
    rate_per_s: float = 500.0
    burst: int = 1000
    tokens: int = 10_000
    watchers: int = 1000

    def bytes_at(self, path: str) -> int:
        """How long a body may be that is sent to this path: files are longer than words."""
        if _UPLOADS.fullmatch(path):
            return self.upload_bytes
        if _SCANS.fullmatch(path):
            return self.scan_bytes
        if path == _SCRIPTS:
            return self.script_bytes
        return self.attachment_bytes if _FILES.fullmatch(path) else self.body_bytes


class Uploaders:
    """Whose uploads are being taken now. It belongs to the event loop: nothing comes between a look and a step."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads = CapacityLimiter(limits.uploads)
        self._held: Counter[str | None] = Counter()

    @contextmanager
    def one_of(self, tenant: str | None) -> Iterator[CapacityLimiter]:
        """A thread for an upload of this tenant (None: the provider's people). Raises Unreachable: none is left.

        Uploads have threads of their own, or slow ones would keep everybody waiting; and no tenant has them all.
        """
        if self._held.total() >= self._limits.uploads:
            raise Unreachable(Text("同时上传过多，请稍后重试", "Too many uploads at once: try again"))
        if self._held[tenant] >= self._limits.uploads_of_tenant:
            zh, en = (
                "本企业同时上传过多，请等其中一个结束",
                "Too many uploads of one tenant at once: wait for one to end",
            )
            raise Unreachable(Text(zh, en))
        self._held[tenant] += 1
        try:
            yield self._threads
        finally:
            self._held[tenant] -= 1


@dataclass
class _Bucket:
    left: float
    at: float


class Rates:
    """A token bucket for each key. `take` says what is left; the least used keys are forgotten first."""

    def __init__(self, limits: Limits, read: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._read = read
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._guard = threading.Lock()

    def take(self, key: str) -> dict[str, str]:
        """One request of this key: the RateLimit headers of its answer. Raises TooMany."""
        with self._guard:
            bucket = self._filled(key)
            enough = bucket.left >= 1
            bucket.left -= 1 if enough else 0
            headers = self._headers(bucket.left)
        if not enough:
            raise self._too_many(bucket.left, headers)
        return headers

    def _filled(self, key: str) -> _Bucket:
        now, limits = self._read(), self._limits
        bucket = self._buckets.setdefault(key, _Bucket(float(limits.burst), now))
        bucket.left = min(float(limits.burst), bucket.left + (now - bucket.at) * limits.rate_per_s)
        bucket.at = now
        self._buckets.move_to_end(key)
        if len(self._buckets) > limits.tokens:
            self._buckets.popitem(last=False)
        return bucket

    def _headers(self, left: float) -> dict[str, str]:
        full_s = math.ceil((self._limits.burst - left) / self._limits.rate_per_s)
        return {
            "RateLimit-Limit": str(self._limits.burst),
            "RateLimit-Remaining": str(int(left)),
            "RateLimit-Reset": str(full_s),
        }

    def _too_many(self, left: float, headers: dict[str, str]) -> TooMany:
        retry_s = max(1, math.ceil((1 - left) / self._limits.rate_per_s))
        zh, en = f"请在 {retry_s} 秒后重试", f"Try again in {retry_s} s"
        return TooMany(Text(zh, en), retry_s=retry_s, headers=headers)
