"""Traffic and storage over HTTP."""

import httpx2
import pytest

from domain.usage import TrafficKind
from intake.desk import Desk
from intake.traffic import count
from tests.acceptance.api.hall import paths

HOME = "/api/v1/usage"
pytestmark = pytest.mark.req("USE-1")


def test_a_tenant_sees_its_facts_and_figures(alice: httpx2.Client, opal: httpx2.Client, desk: Desk) -> None:
    count(desk, "acme", TrafficKind.PRODUCT, 100)
    mine = alice.get(HOME).json()
    assert (mine["tenant"], mine["title"], mine["expires"], mine["data_centers"]) == ("acme", "账套测试", None, [])
    assert mine["traffic"] == {"total": None, "used": 100, "available": None, "used_up": False}
    assert opal.get(HOME, params={"tenant": "acme"}).json() == mine


def test_days_are_filtered_by_kind_and_date(alice: httpx2.Client, desk: Desk) -> None:
    count(desk, "acme", TrafficKind.PRODUCT, 100)
    count(desk, "acme", TrafficKind.BACKUP_DOWNLOAD, 20)
    whole = alice.get(f"{HOME}/daily").json()
    assert (whole["bytes"], len(whole["items"])) == (120, 2)
    some = alice.get(f"{HOME}/daily", params={"kind": "backup-download"}).json()
    assert some["items"][0]["kind"] == {"name": "backup-download", "label": {"zh": "备份下载", "en": "backup download"}}
    past = alice.get(f"{HOME}/daily", params={"first": "2020-01-01", "last": "2020-12-31"}).json()
    assert past == {"items": [], "bytes": 0}


def test_others_figures_do_not_exist_and_mistakes_are_told(bob: httpx2.Client, opal: httpx2.Client) -> None:
    for more in ("", "/daily"):
        assert bob.get(HOME + more, params={"tenant": "acme"}).status_code == 404
        nobody = opal.get(HOME + more)
        assert (nobody.status_code, paths(nobody)) == (422, {"tenant"})
    wrong = bob.get(f"{HOME}/daily", params={"first": "0", "last": "2026-W48-4", "kind": "x", "more": "1"})
    assert (wrong.status_code, paths(wrong)) == (422, {"first", "last", "kind", "more"})
    turned = bob.get(f"{HOME}/daily", params={"first": "2026-02-01", "last": "2026-01-01"})
    assert (turned.status_code, paths(turned)) == (422, {"first"})
