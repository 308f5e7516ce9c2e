"""Every kind of mistake, as a table: what is changed in the example, where the fault points, what it says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import Fault
from inventory.load import parse

Faults = tuple[Fault, ...]
TENANT = "tenants[0]"
ENV = f"{TENANT}.environments[0]"
HOST = f"{ENV}.app_hosts[0]"
RULES = "policies"

# old text, new text, path of the fault, words of its English text
PLACES = [
    ("estate: 1 ", "estate: 2 ", "estate", "must be 1"),
    ("estate: 1 ", "estate: true ", "estate", "must be 1"),
    ("zone: Asia", "zoen: Asia", f"{TENANT}.zoen", "did you mean zone?"),
    ("zone: Asia", "colour: Asia", f"{TENANT}.colour", "unknown key; the keys are: name, title, zone"),
    ("standing: formal", "#", f"{TENANT}.standing", "is missing"),
    ("standing: formal", "standing: loyal", f"{TENANT}.standing", "'loyal' is not one of formal, trial, closed"),
    ("standing: formal", "standing:", f"{TENANT}.standing", "is empty: give one of formal"),
    ("name: ledger-test ", "name: Ledger ", f"{TENANT}.name", "lower-case"),
    ("name: ledger-test ", f"name: {'a' * 41} ", f"{TENANT}.name", "1 to 40"),
    ("name: ledger-test ", "name: -x ", f"{TENANT}.name", "lower-case"),
    ("name: ledger-test ", "name: 12 ", f"{TENANT}.name", "not a number (quote it if it is text)"),
    ("name: ledger-test ", "name: no ", f"{TENANT}.name", "not yes or no (quote it if it is text)"),
    ("title: 账套测试", 'title: "a\\nb"', f"{TENANT}.title", "one line of text"),
    ("title: 账套测试", "title: [a]", f"{TENANT}.title", "must be text, not a list"),
    ("zone: Asia/Shanghai", "zone: Asia/Shangai", f"{TENANT}.zone", "did you mean Asia/Shanghai?"),
    ("zone: Asia/Shanghai", "zone: Asia", f"{TENANT}.zone", "there is no time zone 'Asia'"),
    ("zone: Asia/Shanghai", "zone: ../etc/passwd", f"{TENANT}.zone", "there is no time zone"),
    ("2027-12-31", "2027-02-30", f"{TENANT}.expires", "'2027-02-30' is not a date"),
    ("2027-12-31", "20271231", f"{TENANT}.expires", "must be a date like 2027-12-31, not a number"),
    ("kind: production", "kind: staging", f"{ENV}.kind", "'staging' is not one of production, test"),
    ("[dedicated-vip]", "dedicated-vip", f"{ENV}.entitlements", "must be a list, not text"),
    ("[dedicated-vip]", "[vip, vip]", f"{ENV}.entitlements[1]", "is the same as in [0]"),
    ("mode: iisreset", "mode: reboot", f"{ENV}.restart.mode", "'reboot' is not one of iisreset, pools"),
    ("PT60S   ", "60   ", f"{ENV}.restart.timeout", "must be a duration like PT60S, not a number"),
    ("PT60S   ", "PT   ", f"{ENV}.restart.timeout", "is not a duration like PT60S"),
    ("PT60S   ", "P1Y   ", f"{ENV}.restart.timeout", "no years, no months"),
    ("PT60S   ", "PT0S   ", f"{ENV}.restart.timeout", "is not within [1 s, 3600 s]"),
    ("path: /K3", "path: K3", f"{ENV}.site.path", "must be a path that starts with /"),
    ("host_header: erp", 'host_header: "erp\\r\\n"  #', f"{ENV}.site.host_header", "must be a host name"),
    ("[200, 302]", "[]", f"{ENV}.site.statuses", "must have 1 to"),
    ("[200, 302]", "[200, 999]", f"{ENV}.site.statuses[1]", "999 is not between 100 and 599"),
    ("[200, 302]", "[200, OK]", f"{ENV}.site.statuses[1]", "not text"),
    (r"'C:\lb\ok.txt'", "ok.txt", f"{ENV}.load_balancer.file", "a full Windows path"),
    ("address: 10.0.0.9", "address: 10.0.0.999", f"{ENV}.database_host.address", "neither an IP address"),
    ("port: 1433", 'port: "1433"', f"{ENV}.database_host.port", "must be a whole number"),
    ("port: 1433", "port: 1433.5", f"{ENV}.database_host.port", "must be a whole number"),
    ("encryption: required", "encryption: strict", f"{ENV}.database_host.sql.encryption", "not one of required, opt"),
    ("encryption: required", "encryption: optional", f"{ENV}.database_host.sql.ca_file", "no certificate is checked"),
    ("user: yunwei_ops", "#", f"{ENV}.database_host.sql.user", "is missing"),
    ("'file:secrets/db1-ops'", "S3cret", f"{ENV}.database_host.sql.password", "must be a reference"),
    (r"'D:\Exchange'", r"'D:\Exchange\'", f"{ENV}.database_host.sql.exchange.there", "a full path of a folder"),
    (r"'D:\Exchange'", "Exchange", f"{ENV}.database_host.sql.exchange.there", "a full path of a folder"),
    (r"'D:\Exchange'", '"D:\\\\a\';--"', f"{ENV}.database_host.sql.exchange.there", "a full path of a folder"),
    ("name: db1", "name: app1", f"{ENV}.database_host", "has the name of an app server"),
    ("user: yunwei_ledger1", "#", f"{ENV}.data_centers[0].script_login.user", "is missing"),
    ("site_port: 80", "site_port: 0", f"{HOST}.site_port", "0 is not between 1 and 65535"),
    ("port: 5985", "port: 70000", f"{HOST}.winrm.port", "70000 is not between 1 and 65535"),
    ("port: 5985", "port: yes", f"{HOST}.winrm.port", "must be a whole number"),
    ("transport: ntlm", "transport: kerberos", f"{HOST}.winrm.transport", "is not one of ntlm, basic"),
    ("transport: ntlm", "transport: basic", f"{HOST}.winrm.tls", "sends the password in clear"),
    ("tls: false", "tls: 1", f"{HOST}.winrm.tls", "must be true or false, not a number"),
    ("tls: true", "tls: false", f"{ENV}.app_hosts[1].winrm.ca_file", "does nothing without TLS"),
    ("- name: app2", "- name: app1", f"{ENV}.app_hosts[1].name", "name is the same as in [0]"),
    ("port: 5986", "port: 5985", f"{ENV}.app_hosts[1].address", "address + winrm.port is the same as in [0]"),
]
RULEBOOK = [
    ('to: "03:30"', "to: 12:30", "closed_windows[0].to", "unquoted time as the number 750: write it in quotes"),
    ('to: "03:30"', 'to: "24:00"', "closed_windows[0].to", 'midnight is "00:00"'),
    ('to: "03:30"', 'to: "3:30"', "closed_windows[0].to", "is not a time from 00:00 to 23:59"),
    ('to: "03:30"', 'to: "00:00"', "closed_windows[0].to", "the window is empty"),
    ("to: 2027-01-03T", "to: 2027-01-01T", "freezes[0].to", "is not after from"),
    ("to: 2027-01-03T", "to: 2026-01-01T", "freezes[0].to", "is not after from"),
    ("to: 2027-01-03T00:00:00+08:00", "to: 2027-01-03T00:00:00", "freezes[0].to", "has no offset from UTC"),
    ("to: 2027-01-03T00:00:00+08:00", "to: 2027-01-03", "freezes[0].to", "has no offset from UTC"),
    ("to: 2027-01-03T00:00:00+08:00", "to: soon", "freezes[0].to", "'soon' is not a time like"),
    ("en: New Year closing", "#", "freezes[0].reason.en", "is missing"),
    ("tenants: [ledger-test]", "tenants: [nobody]", "freezes[0].tenants[0]", "there is no such tenant"),
    ("tenants: [ledger-test]", "tenants: []", "freezes[0].tenants", "must have 1 to"),
    ("lead: PT0S", "lead: P7D", "planning.lead", "is not below range"),
    ("grace_days: 7", "grace_days: 31", "expiry.grace_days", "must be below closed_day"),
    ("grace_days: 7", "grace_days: -1", "expiry.grace_days", "-1 is not between 0 and 3660"),
    ("last_notice_day: 30", "last_notice_day: 40", "expiry.last_notice_day", "must be below closed_day"),
    ("period: day", "period: week", "quotas.restart[0].period", "'week' is not one of day, month"),
    ("limit: 10", "limit: -1", "quotas.restart[0].limit", "-1 is not between"),
    ("default_cutoff: PT30M", "default_cutoff: 30m", "default_cutoff", "is not a duration"),
]


@pytest.mark.parametrize(("old", "new", "path", "words"), PLACES)
def test_a_mistake_among_the_places_is_pointed_at_and_explained(
    old: str, new: str, path: str, words: str, faults_with: Callable[..., Faults]
) -> None:
    _found(faults_with((old, new)), path, words)


@pytest.mark.req("INT-8", "INT-9", "EXP-1")
@pytest.mark.parametrize(("old", "new", "path", "words"), RULEBOOK)
def test_a_mistake_in_the_rulebook_is_pointed_at_and_explained(
    old: str, new: str, path: str, words: str, faults_with: Callable[..., Faults]
) -> None:
    _found(faults_with((old, new)), f"{RULES}.{path}", words)


def _found(faults: Faults, path: str, words: str) -> None:
    at = [f for f in faults if f.path == path]
    assert at, [f.path for f in faults]
    assert any(words in f.text.en for f in at), [f.text.en for f in at]
    assert all(f.text.zh != f.text.en and f.facts["line"] for f in at)


def test_the_mode_pools_needs_pools(faults_with: Callable[..., Faults]) -> None:
    faults = faults_with(("mode: iisreset", "mode: pools"), ("pools: [K3Cloud]", "#"))
    _found(faults, f"{ENV}.restart.pools", "needs at least one application pool")


def test_an_environment_without_app_hosts_is_refused(faults_of: Callable[[str], Faults]) -> None:
    room = "{name: e, title: t, kind: test, app_hosts: []}"
    faults = faults_of(f"estate: 1\ntenants: [{{name: a, title: t, standing: trial, environments: [{room}]}}]")
    assert [(f.path, f.text.en) for f in faults] == [(f"{ENV}.app_hosts", "must have 1 to 10000 items, and has 0")]


@pytest.mark.parametrize("key", ["name", "database"])
def test_two_data_centers_with_one_name_or_one_database_are_refused(
    key: str, example: str, faults_of: Callable[[str], Faults]
) -> None:
    first, second = {"name": "a", "database": "DB"}, {"name": "b", "database": "DB2"}
    second[key] = first[key].lower()
    items = ", ".join(f"{{name: {c['name']}, title: t, database: {c['database']}}}" for c in (first, second))
    start, end = example.index("data_centers:"), example.index("policies:")
    faults = faults_of(example[:start] + f"data_centers: [{items}]\n" + example[end:])
    assert [(f.path, f.code) for f in faults] == [(f"{ENV}.data_centers[1].{key}", "duplicate")]


def test_two_data_centers_on_one_database_of_a_server_are_refused_also_across_environments_and_tenants(
    faults_of: Callable[[str], Faults],
) -> None:
    """Each is a place with a lock of its own: two jobs could be at one database at once."""
    host = "{name: a, address: 127.0.0.1, site_port: 1, winrm: {port: 1, transport: ntlm, tls: false, user: u,"
    room = f"{{name: NAME, title: t, kind: test, app_hosts: [{host} password: 'env:X'}}}}], database_host: {{name: d,"
    room += " address: ADDRESS, port: 1433}, data_centers: [{name: c, title: t, database: DATABASE}]}"

    def said(*rooms: tuple[str, str, str]) -> str:
        places = [room.replace("NAME", n).replace("ADDRESS", a).replace("DATABASE", d) for n, a, d in rooms]
        tenant = "{{name: {}, title: t, standing: trial, environments: [{}]}}"
        return f"estate: 1\ntenants: [{tenant.format('x', ', '.join(places[:-1]))}, {tenant.format('y', places[-1])}]"

    fine = (("e1", "db.example.com", "One"), ("e2", "db.example.com", "Two"), ("e1", "other.example.com", "One"))
    assert parse(said(*fine).encode(), folder=Path("/e")).estate.database_host("x/e1/d").port == 1433
    faults = faults_of(
        said(("e1", "db.example.com", "One"), ("e2", "DB.example.com", "oNE"), ("e1", "db.example.com", "ONE"))
    )
    assert [(f.path, f.code) for f in faults] == [
        ("tenants[0].environments[1].data_centers[0].database", "duplicate"),
        ("tenants[1].environments[0].data_centers[0].database", "duplicate"),
    ]


def test_two_quotas_of_one_class_and_period_are_refused(faults_with: Callable[..., Faults]) -> None:
    faults = faults_with(("- period: day", "- {period: day, limit: 3}\n      - period: day"))
    assert [(f.path, f.code) for f in faults] == [("policies.quotas.restart[1].period", "duplicate")]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(faults_with: Callable[..., Faults]) -> None:
    faults = faults_with(
        ("zone: Asia", "zoen: Asia"),
        ("port: 5985", "port: 70000"),
        ("transport: ntlm", "transport: basic"),
        ("- name: app2", "- name: app1"),
        ("tenants: [ledger-test]", "tenants: [nobody]"),
        ("default_cutoff: PT30M", "default_cutoff: 30"),
    )
    assert [f.path for f in faults] == [
        f"{TENANT}.zoen",
        f"{HOST}.winrm.port",
        f"{HOST}.winrm.tls",
        f"{ENV}.app_hosts[1].name",
        "policies.freezes[0].tenants[0]",
        "policies.default_cutoff",
    ]
    lines = [int(str(f.facts["line"])) for f in faults]
    assert lines == sorted(lines)
    assert lines[0] == 8


@pytest.mark.parametrize(
    "value",
    ["hunter2", "'env:'", "'vault:hunter2'", "'env:hunter2 '", "[hunter2]", "!hunter2 x", "&hunter2 x", "*hunter2"],
)
def test_a_plain_secret_is_refused_and_never_repeated(value: str, faults_with: Callable[..., Faults]) -> None:
    faults = faults_with(("'env:APP2_PASSWORD'", value))
    assert faults
    assert not any("hunter2" in f"{f.path} {f.text} {f.text.zh} {f.facts}" for f in faults)


def test_an_unknown_key_that_may_be_a_secret_is_not_repeated(faults_with: Callable[..., Faults]) -> None:
    faults = faults_with(
        ("password: 'env:APP2_PASSWORD'", "{password:hunter2}: x"), ("user: yunwei", "user:hunter2: x")
    )
    assert not any("hunter2" in f"{f.path} {f.text} {f.text.zh}" for f in faults)
    assert any(f.path.endswith("winrm.?") for f in faults)
