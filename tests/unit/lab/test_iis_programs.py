"""iisreset, sc, net and appcmd: codes and states are those of Windows in both languages."""

from typing import Any

import pytest

from lab.host.services import State
from lab.host.spec import Timing

APPCMD = "%windir%\\system32\\inetsrv\\appcmd.exe"
# A stop that lasts long enough to be met half-way; tests end it themselves.
SLOW_STOP = Timing(service_stop_s=30.0, service_start_s=0.01, second_s=0.02)


def test_iisreset_restarts_the_services_and_ends_every_worker(driver: Any) -> None:
    before = driver.look()["workers"]
    ended = driver.run("iisreset /restart /timeout:60")
    assert ended.code == 0
    assert [effect.kind for effect in driver.effects()] == ["iisreset"]
    assert driver.get() == 200
    after = driver.look()["workers"]
    assert len(before) == len(after) == 1
    assert after[0]["pid"] != before[0]["pid"]
    assert after[0]["started"] > before[0]["started"]


def test_a_stop_beyond_the_limit_is_forced_unless_noforce_forbids_it(drivers: Any) -> None:
    forced = drivers(timing=SLOW_STOP)
    assert forced.run("iisreset").code == 0  # the 20 seconds of Windows, scaled
    assert forced.host.services.state("W3SVC") is State.RUNNING
    patient = drivers(timing=SLOW_STOP)
    ended = patient.run("iisreset /noforce")
    assert ended.code == 1
    assert "(2147943453, 8007041d)" in ended.out
    assert patient.host.services.state("W3SVC") is State.STOP_PENDING


def test_a_start_beyond_the_limit_fails_though_the_service_comes_up_later(drivers: Any) -> None:
    driver = drivers(timing=Timing(service_stop_s=0.01, service_start_s=0.3, second_s=0.001))
    ended = driver.run("iisreset /timeout:60")
    assert (ended.code, "8007041d" in ended.out) == (1, True)
    driver.until_web(State.RUNNING)


def test_a_second_iisreset_during_a_pending_stop_cannot_control_the_service(driver: Any) -> None:
    driver.host.faults.ask("slow", seconds=600, where="stop")
    first = driver.begin("iisreset /noforce /timeout:3600")
    driver.until_web(State.STOP_PENDING)
    second = driver.run("iisreset")
    assert second.code == 1
    assert "(2147943461, 80070425)" in second.out
    assert len(driver.effects("iisreset")) == 1
    first.signal("terminate")


SC_CASES = [
    ("sc query W3SVC", 0, "4  RUNNING"),
    ("sc queryex WAS", 0, "PID"),
    ("sc query nosuch", 1060, "1060"),
    ("sc start W3SVC", 1056, "1056"),
    ("sc stop WAS", 1051, "1051"),
    ("sc stop W3SVC", 0, "3  STOP_PENDING"),
]


@pytest.mark.parametrize(("line", "code", "out"), SC_CASES, ids=[case[0] for case in SC_CASES])
def test_sc_answers_with_the_numbers_of_win32(driver: Any, line: str, code: int, out: str) -> None:
    ended = driver.run(line)
    assert ended.code == code
    assert out in ended.out


def test_sc_returns_at_once_and_a_pending_service_refuses_controls(driver: Any) -> None:
    driver.host.faults.ask("slow", seconds=600, where="stop")
    assert driver.run("sc stop W3SVC").code == 0
    assert driver.run("sc stop W3SVC").code == 1061
    assert driver.run("sc start W3SVC").code == 1061
    driver.host.services.force_stop("W3SVC")
    assert driver.run("sc stop W3SVC").code == 1062
    assert driver.run("sc start W3SVC").code == 0
    driver.until_web(State.RUNNING)


def test_net_waits_takes_dependents_with_yes_and_starts_what_is_needed(driver: Any) -> None:
    assert driver.run("net stop was").code == 2
    assert driver.run("net stop was /y").code == 0
    assert driver.look()["services"] == {"WAS": {"state": 1}, "W3SVC": {"state": 1}}
    assert driver.run("net stop was").code == 2
    assert driver.run("net start w3svc").code == 0
    assert driver.look()["services"] == {"WAS": {"state": 4}, "W3SVC": {"state": 4}}
    assert "NET HELPMSG 2182" in driver.run("net start w3svc").err


def test_appcmd_lists_as_text_and_xml(driver: Any) -> None:
    pid = driver.look()["workers"][0]["pid"]
    line = 'APPPOOL "K3Cloud" (MgdVersion:v4.0,MgdMode:Integrated,state:Started)\r\n'
    assert driver.run(f"{APPCMD} list apppool K3Cloud").out == line
    assert driver.run(f"{APPCMD} list wp").out == f'WP "{pid}" (applicationPool:K3Cloud)\r\n'
    assert f'<WP WP.NAME="{pid}" APPPOOL.NAME="K3Cloud" />' in driver.run(f"{APPCMD} list wp /xml").out
    assert '<SITE SITE.NAME="K3Cloud"' in driver.run(f"{APPCMD} list site /xml").out
    assert driver.run(f"{APPCMD} list apppool nosuch").code == 1


def test_a_pool_stops_in_its_time_and_stopping_it_again_answers_1062(driver: Any) -> None:
    assert driver.run(f"{APPCMD} stop apppool /apppool.name:K3Cloud").code == 0
    driver.until(lambda: driver.host.iis.pools()["K3Cloud"] == "Stopped")
    assert driver.run(f"{APPCMD} stop apppool K3Cloud").code == 1062
    assert driver.get() == 503
    assert driver.look()["workers"] == []
    assert driver.run(f"{APPCMD} start apppool K3Cloud").code == 0
    assert driver.get() == 200
    assert [effect.kind for effect in driver.effects()] == ["pool-stop", "pool-start"]


def test_a_recycled_pool_has_another_worker(driver: Any) -> None:
    before = driver.look()["workers"][0]["pid"]
    assert driver.run(f"{APPCMD} recycle apppool K3Cloud").code == 0
    assert driver.look()["workers"][0]["pid"] != before
    assert driver.run(f"{APPCMD} recycle apppool nosuch").code == 1168


def test_without_the_web_service_pools_and_site_are_unknown(driver: Any) -> None:
    driver.run("net stop was /y")
    facts = driver.look()
    assert (facts["pools"], facts["sites"]) == ({"K3Cloud": "Unknown"}, {"K3Cloud": "Unknown"})
