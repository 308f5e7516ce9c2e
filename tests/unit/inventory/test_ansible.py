"""The estate as Ansible reads it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from inventory.ansible import ansible_inventory
from inventory.load import parse

HOSTS = ["app1.prod.ledger-test", "app2.prod.ledger-test"]


@pytest.fixture
def listed(example: str) -> dict[str, Any]:
    data = ansible_inventory(parse(example.encode(), folder=Path("/estates/one")).estate)
    return dict(json.loads(json.dumps(data)))


def test_hosts_are_grouped_by_tenant_environment_and_kind(listed: dict[str, Any]) -> None:
    assert listed["environment_ledger_test__prod"] == {"hosts": HOSTS}
    assert listed["tenant_ledger_test"] == {"children": ["environment_ledger_test__prod"]}
    assert listed["kind_production"] == {"children": ["environment_ledger_test__prod"]}
    assert listed["kind_test"] == {"children": []}
    assert listed["all"]["children"] == ["kind_production", "kind_test", "tenant_ledger_test", "ungrouped"]


def test_every_group_name_is_one_that_ansible_takes_without_a_warning(listed: dict[str, Any]) -> None:
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", group) for group in listed)


def test_each_host_says_how_it_is_reached(listed: dict[str, Any]) -> None:
    assert list(listed["_meta"]["hostvars"]) == HOSTS
    assert listed["_meta"]["hostvars"]["app1.prod.ledger-test"] == {
        "ansible_host": "127.0.0.1",
        "ansible_port": 5985,
        "ansible_user": "LAB\\yunwei",
        "ansible_connection": "winrm",
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_scheme": "http",
        "ansible_winrm_server_cert_validation": "validate",
        "yunwei_host": "ledger-test/prod/app1",
        "yunwei_tenant": "ledger-test",
        "yunwei_environment": "ledger-test/prod",
        "yunwei_kind": "production",
        "yunwei_site_port": 80,
    }


def test_tls_brings_https_and_the_authority_to_trust(listed: dict[str, Any]) -> None:
    host = listed["_meta"]["hostvars"]["app2.prod.ledger-test"]
    assert (host["ansible_winrm_scheme"], host["ansible_winrm_transport"]) == ("https", "basic")
    assert host["ansible_winrm_ca_trust_path"] == "/estates/one/ca.pem"


def test_a_certificate_is_ignored_only_when_the_estate_says_so(example: str) -> None:
    estate = parse(example.replace("verify: true", "verify: false").encode(), folder=Path("/estates/one")).estate
    assert _validation(ansible_inventory(estate)) == ["validate", "ignore"]


def _validation(listed: dict[str, Any]) -> list[str]:
    return [h["ansible_winrm_server_cert_validation"] for h in listed["_meta"]["hostvars"].values()]


def test_neither_secrets_nor_references_to_them_are_in_it(listed: dict[str, Any]) -> None:
    said = json.dumps(listed).lower()
    assert "password" not in said
    assert "secrets/app1" not in said
