"""The real HTTP port behaves as IIS: refused, 503, 302, slow first page."""

import time
from typing import Any

from lab.host.spec import Timing


def test_the_site_answers_while_the_web_service_runs_and_refuses_connections_otherwise(driver: Any) -> None:
    port = driver.host.site_port
    assert (driver.get("/"), driver.get(), driver.get("/nosuch")) == (302, 200, 404)
    driver.run("net stop w3svc")
    assert driver.get() == 0
    driver.run("net start w3svc")
    assert (driver.get(), driver.host.site_port) == (200, port)


def test_another_host_header_is_an_invalid_hostname(drivers: Any) -> None:
    driver = drivers(host_header="erp.example.com")
    assert driver.get(host="127.0.0.1") == 400
    assert driver.get(host="ERP.example.com:8081") == 200


def test_the_first_page_after_a_restart_takes_the_warm_up_and_begins_the_worker(drivers: Any) -> None:
    driver = drivers(timing=Timing(service_stop_s=0.01, service_start_s=0.01, warm_up_s=0.4))
    driver.run("iisreset")
    assert driver.look()["workers"] == []
    begun = time.monotonic()
    assert driver.get() == 200
    first_s, begun = time.monotonic() - begun, time.monotonic()
    assert driver.get() == 200
    assert first_s >= 0.4 > time.monotonic() - begun
    assert len(driver.look()["workers"]) == 1


def test_an_always_running_pool_has_its_worker_without_a_visitor(drivers: Any) -> None:
    driver = drivers(start_mode="AlwaysRunning")
    before = driver.look()["workers"][0]["pid"]
    driver.run("iisreset")
    after = driver.look()["workers"]
    assert [worker["pid"] for worker in after] != [before]
    assert len(after) == 1
