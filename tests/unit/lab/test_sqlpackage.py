"""SqlPackage on the emulated database host: started once, looked at, ended with its tree."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.erp import TABLE_NAMES, TABLES, fill
from lab.host.script_sqlpackage import BIRTH
from lab.sqlserver import SqlServer
from media.recognition import Kind, Recognition, recognise
from tests.unit.lab.conftest import Driver

DATABASE, NAME, FOLDER = "AIS20260101000000", "job7.ff-export", "D:\\Exchange"
WIDE = ["CONNECT ANY DATABASE", "SELECT ALL USER SECURABLES", "VIEW ANY DEFINITION", "IMPERSONATE yunwei_ops"]


@dataclass
class Shop:
    """The database server and its host."""

    driver: Driver
    sql: SqlServer

    @property
    def exchange(self) -> Path:
        return self.sql.disk.path(FOLDER)

    def start(self, action: str = "Export", attempt: str = "t1", **more: Any) -> dict[str, Any]:
        asked = {"token": attempt, "job": 7, "epoch": 1, "action": action, "name": NAME, "folder": FOLDER,
                 "database": DATABASE, "port": 1433, "owner": "", "limit_s": 3600}  # fmt: skip
        return self.driver.script("sqlpackage_start", **{**asked, **more}).facts

    def look(self, attempt: str = "t1", name: str = NAME) -> dict[str, Any]:
        return self.driver.script("sqlpackage_look", token=attempt, name=name, folder=FOLDER).facts

    def ended(self, attempt: str = "t1", name: str = NAME) -> dict[str, Any]:
        """How it ended, one way or the other."""
        table = self.driver.host.processes
        self.driver.until(lambda: not any((e.name, e.parent) == ("powershell.exe", BIRTH) for e in table.all()))
        return self.look(attempt, name)

    def stop(self, name: str = NAME) -> dict[str, Any]:
        return self.driver.script("sqlpackage_stop", name=name, folder=FOLDER).facts

    def batch(self, text: str) -> None:
        """A statement of sa in the database."""
        from lab.tds.answers import Login, Message

        login = Login(user="sa", password="Sa-8!", database=DATABASE, program="test", language="us_english")
        session = self.sql.login(login)
        told = [a for a in session.batch(text, threading.Event()) if isinstance(a, Message) and a.severity > 10]
        session.close()
        assert told == []

    def rows(self, database: str) -> str:
        """A digest of all rows of all tables."""
        with self.sql.store.opened(self.sql.store.get(database)) as link:
            said = [(t, link.execute(f"SELECT * FROM {t} ORDER BY 1").fetchall()) for t in TABLE_NAMES]  # noqa: S608
        assert all(rows for _, rows in said)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def package(self) -> Recognition:
        file = self.exchange / f"{NAME}.package"
        with file.open("rb") as opened:
            return recognise(opened, name="x.bacpac", size=file.stat().st_size)


@pytest.fixture
def shop(drivers: Callable[..., Driver], tmp_path: Path) -> Shop:
    driver = drivers(name="DB1")
    sql = SqlServer(tmp_path / "sql", name="DB1", sa_password="Sa-8!")
    sql.disk.make_folder(FOLDER)
    driver.host.sql = sql
    sql.rights.create("yunwei_ops", "x", roles=("dbcreator",))
    account = sql.rights.create("LAB\\yunwei", "", roles=("dbcreator",), windows=True)
    account.permissions = list(WIDE)
    made = Shop(driver, sql)
    sql.create_database(DATABASE, recovery="FULL")
    made.batch(TABLES)
    with sql.store.opened(sql.store.get(DATABASE)) as link:
        fill(link, title="测试账套", seed=1)
    return made


def file_in(shop: Shop, name: str) -> None:
    """The exported package, as a fetch lays it down for an import."""
    (shop.exchange / f"{NAME}.package").rename(shop.exchange / f"{name}.package")


@pytest.mark.req("DC-8")
def test_an_export_writes_a_package_that_our_own_inspection_takes(shop: Shop) -> None:
    assert shop.start()["acted"] is True
    facts = shop.ended()
    assert (facts["done"]["exit_code"], facts["done"]["error"], facts["bytes"]) == (0, None, 0)
    assert "Processing Table '[dbo].[T_SAL_ORDER]'." in facts["out"]
    found = shop.package()
    assert (found.kind, found.refusals) == (Kind.BACPAC, ())
    assert found.package is not None
    assert (found.package.checksum_holds, found.package.tables_with_data, found.package.name) == (True, 7, DATABASE)
    assert found.package.rows is not None
    assert found.package.rows > 1000
    assert [e.kind for e in shop.driver.effects()] == ["sqlpackage-start", "export"]


@pytest.mark.req("DC-8")
@pytest.mark.parametrize(("out", "back"), [("Export", "Import"), ("Extract", "Publish")])
def test_what_was_exported_comes_back_row_by_row_and_belongs_to_us(shop: Shop, out: str, back: str) -> None:
    shop.start(out)
    assert shop.ended()["done"]["exit_code"] == 0
    file_in(shop, "job8.ff-import")
    asked = {"name": "job8.ff-import", "database": "job8.ff-import", "owner": "yunwei_ops"}
    assert shop.start(back, attempt="t2", **asked)["acted"] is True
    done = shop.ended("t2", "job8.ff-import")
    assert (done["done"]["exit_code"], done["done"]["error"]) == (0, None), done
    assert shop.rows("job8.ff-import") == shop.rows(DATABASE)
    assert shop.sql.store.get("job8.ff-import").owner == "yunwei_ops"


@pytest.mark.req("DC-8", "CORE-1")
def test_of_many_attempts_with_one_token_one_starts_it(shop: Shop) -> None:
    answers = [shop.start(epoch=epoch) for epoch in range(1, 5)]
    assert [a["acted"] for a in answers] == [True, False, False, False]
    assert [a["why"] for a in answers[1:]] == ["marker"] * 3
    shop.ended()
    assert len(shop.driver.effects("sqlpackage-start")) == 1


@pytest.mark.req("DC-8")
def test_an_export_of_a_database_that_refers_to_another_is_refused_and_an_extract_takes_it(shop: Shop) -> None:
    shop.batch("CREATE VIEW dbo.V_OTHER AS SELECT FNAME FROM OtherDb.dbo.T_BD_MATERIAL")
    shop.start()
    facts = shop.ended()
    assert facts["done"]["exit_code"] == 1
    assert "SQL71501" in facts["err"]
    assert "[OtherDb].[dbo].[T_BD_MATERIAL]" in facts["err"]
    shop.stop()
    shop.start("Extract", attempt="t2", name="job9.ff-export")
    assert shop.ended("t2", "job9.ff-export")["done"]["exit_code"] == 0


@pytest.mark.req("DC-8", "INT-7")
def test_a_stop_ends_the_whole_tree_and_leaves_no_file(shop: Shop) -> None:
    shop.driver.host.faults.ask("hang", match="sqlpackage")
    shop.start()
    shop.driver.until(lambda: any(e.name == "SqlPackage.exe" for e in shop.driver.host.processes.all()))
    assert shop.look()["alive"] is True
    assert shop.stop() == {"was_alive": True, "alive": False}
    assert shop.stop() == {"was_alive": False, "alive": False}
    facts = shop.look()
    assert (facts["alive"], facts["done"]) == (False, None)
    assert list(shop.exchange.iterdir()) == []


@pytest.mark.req("DC-8", "CORE-3")
def test_what_a_stop_came_before_never_begins(shop: Shop) -> None:
    shop.stop()
    answer = shop.start()
    assert (answer["acted"], answer["why"]) == (False, "taken")
    assert shop.driver.effects() == []


@pytest.mark.req("DC-8")
@pytest.mark.parametrize(("how", "code"), [("disk_full", 1), ("killed", 1)])
def test_one_that_breaks_off_says_so_and_leaves_no_package(shop: Shop, how: str, code: int) -> None:
    shop.driver.host.faults.ask("sqlpackage", how=how)
    shop.start()
    facts = shop.ended()
    assert facts["done"]["exit_code"] == code
    assert facts["file_bytes"] is None
    shop.stop()
    assert list(shop.exchange.iterdir()) == []


@pytest.mark.req("DC-8")
def test_after_a_restart_of_the_host_it_is_gone_without_a_word(shop: Shop) -> None:
    shop.driver.host.faults.ask("reboot_mid_command", when="during", match="sqlpackage", seconds=0)
    shop.start()
    shop.driver.until(lambda: shop.driver.host.boots == 2)
    facts = shop.look()
    assert (facts["alive"], facts["done"], facts["marker"]["phase"]) == (False, None, "ended")


@pytest.mark.req("DC-8")
def test_without_rights_on_the_server_nothing_is_exported(shop: Shop) -> None:
    account = shop.sql.rights.find("LAB\\yunwei")
    assert account is not None
    account.permissions = []
    shop.start()
    facts = shop.ended()
    assert facts["done"]["exit_code"] == 1
    assert "916" in facts["err"] or "not able to access" in facts["err"]


@pytest.mark.req("DC-8")
def test_a_host_without_a_file_to_import_starts_nothing(shop: Shop) -> None:
    answer = shop.start("Import", database="job7.ff-import")
    assert (answer["acted"], answer["why"]) == (False, "file")
    assert shop.look()["marker"] is None
