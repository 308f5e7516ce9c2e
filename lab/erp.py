"""What an ERP's database holds, in small: items, customers, accounts, orders, users, named as in such systems."""

import hashlib
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

TABLES: Final = """
CREATE TABLE dbo.T_BAS_SYSTEMPROFILE (FKEY nvarchar(80) NOT NULL PRIMARY KEY, FVALUE nvarchar(400) NULL);
CREATE TABLE dbo.T_BD_MATERIAL (
    FMATERIALID int NOT NULL PRIMARY KEY, FNUMBER nvarchar(30) NOT NULL, FNAME nvarchar(80) NOT NULL,
    FSPECIFICATION nvarchar(120) NULL, FUNIT nvarchar(10) NOT NULL, FPRICE decimal(18,4) NOT NULL DEFAULT 0,
    FFORBIDSTATUS varchar(1) NOT NULL DEFAULT 'A');
CREATE TABLE dbo.T_BD_CUSTOMER (
    FCUSTID int NOT NULL PRIMARY KEY, FNUMBER nvarchar(30) NOT NULL, FNAME nvarchar(100) NOT NULL,
    FCITY nvarchar(40) NULL);
CREATE TABLE dbo.T_BD_ACCOUNT (
    FACCTID int NOT NULL PRIMARY KEY, FNUMBER nvarchar(20) NOT NULL, FNAME nvarchar(80) NOT NULL, FDC int NOT NULL,
    FLEVEL int NOT NULL DEFAULT 1);
CREATE TABLE dbo.T_SAL_ORDER (
    FID int IDENTITY(100001,1) NOT NULL PRIMARY KEY, FBILLNO nvarchar(30) NOT NULL, FDATE datetime NOT NULL,
    FCUSTID int NOT NULL, FDOCUMENTSTATUS varchar(1) NOT NULL, FBILLAMOUNT decimal(18,2) NOT NULL DEFAULT 0,
    FNOTE nvarchar(200) NULL);
CREATE TABLE dbo.T_SAL_ORDERENTRY (
    FENTRYID int IDENTITY(1,1) NOT NULL PRIMARY KEY, FID int NOT NULL, FSEQ int NOT NULL, FMATERIALID int NOT NULL,
    FQTY decimal(18,4) NOT NULL, FPRICE decimal(18,4) NOT NULL, FAMOUNT decimal(18,2) NOT NULL);
CREATE TABLE dbo.T_SEC_USER (
    FUSERID int NOT NULL PRIMARY KEY, FUSERACCOUNT nvarchar(50) NOT NULL, FNAME nvarchar(50) NOT NULL,
    FPASSWORD nvarchar(128) NULL, FMEMO nvarchar(64) NULL, FFORBIDSTATUS varchar(1) NOT NULL DEFAULT 'A',
    FPWDMUSTCHANGE bit NOT NULL DEFAULT 0);
CREATE INDEX IX_SAL_ORDER_BILLNO ON dbo.T_SAL_ORDER (FBILLNO);
CREATE INDEX IX_SAL_ORDERENTRY_FID ON dbo.T_SAL_ORDERENTRY (FID);
"""
_ITEMS: Final = ("不锈钢螺栓", "深沟球轴承", "三相电动机", "铝合金型材", "液压油缸", "控制电缆", "包装纸箱", "变频器")
_CITIES: Final = ("深圳", "上海", "北京", "广州", "杭州", "成都", "武汉", "西安")
_TRADES: Final = ("贸易", "机电", "电子", "建材")
_ACCOUNTS: Final = (
    ("1001", "库存现金", 1), ("1002", "银行存款", 1), ("1122", "应收账款", 1), ("1403", "原材料", 1),
    ("1405", "库存商品", 1), ("1601", "固定资产", 1), ("2001", "短期借款", -1), ("2202", "应付账款", -1),
    ("2221", "应交税费", -1), ("4001", "实收资本", -1), ("5001", "生产成本", 1), ("6001", "主营业务收入", -1),
    ("6401", "主营业务成本", 1), ("6602", "管理费用", 1),
)  # fmt: skip
MATERIALS, CUSTOMERS, ORDERS, FIRST_ORDER = 120, 40, 300, 100_001


TABLE_NAMES: Final = tuple(re.findall(r"CREATE TABLE dbo[.](\w+)", TABLES))


def statements(*, title: str, seed: int) -> Iterator[str]:
    """The same tables and rows as T-SQL, for a real server: each statement alone."""
    yield from (s.strip() for s in TABLES.split(";\n") if s.strip())
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_plain(TABLES))
        fill(connection, title=title, seed=seed)
        for table in TABLE_NAMES:
            yield from _inserts(connection, table)


def _plain(tables: str) -> str:
    """As SQLite reads them."""
    return re.sub(r"dbo[.]|IDENTITY\(\d+,\d+\)|INDEX \w+ ON|CREATE INDEX[^;]*;", "", tables)


def _inserts(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    cursor = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 -- our own names
    columns = ", ".join(column for column, *_ in cursor.description)
    identity = re.search(rf"CREATE TABLE dbo[.]{table} [(][^;]*IDENTITY", TABLES)
    before, after = (
        (f"SET IDENTITY_INSERT dbo.{table} ON; ", f"; SET IDENTITY_INSERT dbo.{table} OFF") if identity else ("", "")
    )
    for row in cursor:
        values = ", ".join(_literal(value) for value in row)
        yield f"{before}INSERT INTO dbo.{table} ({columns}) VALUES ({values}){after}"  # noqa: S608


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int | float) else "N'" + str(value).replace("'", "''") + "'"


def fill(connection: sqlite3.Connection, *, title: str, seed: int) -> None:
    """Rows into the empty TABLES; another seed makes other orders, and a few more of them."""
    chance = random.Random(seed)
    prices = [Decimal(chance.randrange(100, 200_000)) / 100 for _ in range(MATERIALS)]
    orders = [_order(chance, n, prices) for n in range(ORDERS + seed % 50)]
    _insert(connection, "T_BAS_SYSTEMPROFILE", [("ACCOUNTSET", title), ("VERSION", "8.0.277.8"), ("LOCALE", "2052")])
    _insert(connection, "T_BD_MATERIAL", [_material(n, price) for n, price in enumerate(prices)])
    _insert(connection, "T_BD_CUSTOMER", [_customer(n) for n in range(CUSTOMERS)])
    _insert(connection, "T_BD_ACCOUNT", [(n, number, name, dc, 1) for n, (number, name, dc) in enumerate(_ACCOUNTS, 1)])
    _insert(connection, "T_SAL_ORDER", [order for order, _ in orders])
    entries = [entry for _, lines in orders for entry in lines]
    _insert(connection, "T_SAL_ORDERENTRY", [(n, *entry) for n, entry in enumerate(entries, start=1)])
    _insert(connection, "T_SEC_USER", [_user(n, name) for n, name in enumerate(("administrator", "demo", "audit"))])


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 -- our own names


def _material(n: int, price: Decimal) -> tuple[Any, ...]:
    name = _ITEMS[n % len(_ITEMS)]
    return 1001 + n, f"1.{n // 40 + 1:02d}.{n:04d}", f"{name} {n + 1} 型", f"规格 {n % 7 + 1}", "件", float(price), "A"


def _customer(n: int) -> tuple[Any, ...]:
    city = _CITIES[n % len(_CITIES)]
    return 501 + n, f"CUST{n + 1:04d}", f"{city}第{n + 1}{_TRADES[n % len(_TRADES)]}有限公司", city


def _order(chance: random.Random, n: int, prices: list[Decimal]) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
    number = FIRST_ORDER + n
    day = date(2026, 1, 5) + timedelta(days=n)
    lines = []
    for place in range(1, chance.randint(1, 3) + 1):
        item, count = chance.randrange(MATERIALS), chance.randint(1, 50)
        amount = (prices[item] * count).quantize(Decimal("0.01"))
        lines.append((number, place, 1001 + item, count, float(prices[item]), float(amount)))
    note = None if n % 3 else f"客户要求分批交货（第 {n // 3 + 1} 批）"
    total = round(sum(line[-1] for line in lines), 2)
    head = (number, f"XSDD{n + 1:06d}", f"{day} 00:00:00.000", 501 + n % CUSTOMERS, "C" if n % 5 else "A", total, note)
    return head, lines


def _user(n: int, name: str) -> tuple[Any, ...]:
    salt = hashlib.sha256(f"salt of {name}".encode()).hexdigest()[:32]
    return 100 + n, name, "系统管理员" if n == 0 else name, lab_hash("888888", salt), salt, "A", 0


RESET: Final = """\
-- Sets the password of a user of the lab's ERP. @user and @password are given; it tells how many users it changed.
UPDATE dbo.T_SEC_USER
SET FPASSWORD = N'lab$' + LOWER(CONVERT(varchar(64), HASHBYTES('SHA2_256', FMEMO + N':' + @password), 2)),
    FPWDMUSTCHANGE = 1
WHERE FUSERACCOUNT = @user;
SELECT @@ROWCOUNT AS changed;
"""


def lab_hash(password: str, salt: str) -> str:
    """How the lab's ERP keeps a password. Invented here: no vendor's scheme."""
    return "lab$" + hashlib.sha256(f"{salt}:{password}".encode("utf-16-le")).hexdigest()
