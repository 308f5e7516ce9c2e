"""What a tenant has bought and what is used of it: traffic that left, storage that is taken. In bytes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.text import Text

GB: Final = 1024**3


class TrafficKind(StrEnum):
    """What left the house."""

    PRODUCT = "product"
    BACKUP_DOWNLOAD = "backup-download"
    ATTACHMENTS = "attachments"
    DATA_CENTERS = "data-centers"


TRAFFIC_LABELS: Final[dict[TrafficKind, Text]] = {
    TrafficKind.PRODUCT: Text("产品使用", "product use"),
    TrafficKind.BACKUP_DOWNLOAD: Text("备份下载", "backup download"),
    TrafficKind.ATTACHMENTS: Text("附件", "attachments"),
    TrafficKind.DATA_CENTERS: Text("数据中心", "data centers"),
}


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """So many bytes of `total` are used. `total` None: no limit is set; `used` None: not known."""

    total: int | None
    used: int | None

    @property
    def available(self) -> int | None:
        """What is left, never below 0; None where no limit is set, or the use is not known."""
        if self.total is None or self.used is None:
            return None
        return max(0, self.total - self.used)

    @property
    def is_used_up(self) -> bool:
        return self.available == 0


@dataclass(frozen=True, kw_only=True)
class Usage:
    """A tenant's traffic and storage."""

    traffic: Allowance
    storage: Allowance
