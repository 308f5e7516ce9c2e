"""Letters of authorization at the command line: everything that the API can do."""

from pathlib import Path
from typing import Any

import pytest

from intake.letter_scan import MAX_BYTES
from tests.scans import PDF, PNG

ASK = ("letter", "ask", "--kind", "download", "--reason", "年度审计")
pytestmark = pytest.mark.req("LET-1")


@pytest.fixture
def paper(tmp_path: Path) -> str:
    file = tmp_path / "盖章.pdf"
    file.write_bytes(PDF)
    return str(file)


def done(site: Any, *words: str) -> dict[str, Any]:
    answer = site.run(*words, "--json")
    assert answer.code == 0, answer.out
    found: dict[str, Any] = answer.data
    return found


@pytest.mark.req("CARD-6", "LET-2")
def test_a_letter_goes_its_way_to_being_effective_and_revoked(site: Any, paper: str, tmp_path: Path) -> None:
    assert done(site, *ASK)["state"]["name"] == "draft"
    scan = done(site, "letter", "scan", "1", paper)
    assert done(site, "letter", "scans", "1")["items"] == [scan]
    out = tmp_path / "out.pdf"
    assert done(site, "letter", "fetch", "1", scan["id"], "--out", str(out))["sha256"] == scan["sha256"]
    assert out.read_bytes() == PDF
    assert done(site, "letter", "show", "1")["state"]["name"] == "in-review"
    assert done(site, "letter", "approve", "1", "--opinion", "同意", "--as", "olga")["state"]["name"] == "effective"
    assert [i["number"] for i in done(site, "letter", "list", "--state", "effective")["items"]] == [1]
    assert done(site, "letter", "revoke", "1", "--reason", "完成")["state"]["name"] == "revoked"


def test_a_letter_is_refused_with_an_opinion(site: Any, paper: str) -> None:
    done(site, *ASK)
    done(site, "letter", "scan", "1", paper)
    assert site.run("letter", "refuse", "1", "--as", "olga").code == 2
    stale = site.run("letter", "refuse", "1", "--opinion", "o", "--rev", "1", "--as", "olga", "--json")
    assert (stale.code, stale.data["error"]["code"]) == (2, "conflict")
    assert done(site, "letter", "refuse", "1", "--opinion", "印章不清", "--as", "olga")["opinion"] == "印章不清"


def test_people_read_it_in_the_tenants_time(site: Any, paper: str) -> None:
    done(site, *ASK)
    site.run("letter", "scan", "1", paper)
    lines = dict(line.split("\t") for line in site.run("letter", "show", "1").out.splitlines())
    assert lines["state"] == "in review"
    assert lines["review due"].endswith("+08:00 (Asia/Shanghai)")
    (line,) = site.run("letter", "list").out.splitlines()
    assert line.split("\t")[:4] == ["1", "ledger-test", "download letter", "in review"]


def test_mistakes_denials_and_strangers_have_their_exit_codes(site: Any, paper: str, tmp_path: Path) -> None:
    assert site.run("letter", "ask", "--json").data["error"]["exit"] == 2
    done(site, *ASK)
    big = tmp_path / "big.png"
    big.write_bytes(PNG + bytes(MAX_BYTES))
    assert site.run("letter", "scan", "1", str(big), "--json").data["error"]["faults"][0]["code"] == "too-large"
    answers = [
        site.run("letter", "approve", "1"),
        site.run(*ASK, "--as", "olga"),
        site.run("letter", "show", "1", "--as", "otto"),
        site.run("letter", "show", "7"),
        site.run("letter", "scan", "1", str(tmp_path / "none.pdf")),
        site.run("letter", "revoke", "1", "--reason", "r"),
    ]
    assert [a.code for a in answers] == [3, 3, 4, 4, 2, 2]
