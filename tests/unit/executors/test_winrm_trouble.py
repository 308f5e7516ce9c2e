"""Foreign exceptions are sorted by one table; what nobody foresaw counts as a lost connection, never as an answer."""

import pytest
import requests
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from domain.errors import Denied, Severed, Unreachable
from domain.places import Host, WinRM
from domain.secret import Secret, SecretRef
from executors.winrm_trouble import ANSWERED, NOT_STARTED, Kind, WireError, kind_of, severed, unsent

HOST = Host(
    name="app1",
    path="acme/prod/app1",
    address="192.0.2.1",
    site_port=80,
    winrm=WinRM(port=5985, transport="ntlm", tls=False, user="ops", password=SecretRef("env", "P")),
)


def fault(code: int | None, wmi: int | None = None) -> WSManFaultError:
    return WSManFaultError(500, "m", "r", "reason", wsman_fault_code=code, wmierror_code=wmi)


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (WinRMOperationTimeoutError(), Kind.IDLE),
        (InvalidCredentialsError("no"), Kind.DENIED),
        (WinRMTransportError("http", 403, ""), Kind.DENIED),
        (WinRMTransportError("http", 400, ""), Kind.LOST),
        (WinRMTransportError("http", 503, ""), Kind.LOST),
        (fault(170), Kind.BUSY),
        (fault(2150858843), Kind.GONE),
        (fault(2147942402), Kind.NO_PROGRAM),
        (fault(None, 0x803381A5), Kind.QUOTA),
        (fault(None, 0x803381A6), Kind.QUOTA),
        (fault(12345), Kind.FAULT),
        (requests.ReadTimeout("slow"), Kind.SLOW),
        (requests.ConnectionError("Connection aborted"), Kind.LOST),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), Kind.CERTIFICATE),
        (requests.exceptions.SSLError("wrong version number"), Kind.TLS),
        (StopIteration(), Kind.LOST),
        (AssertionError(), Kind.LOST),
        (KeyError("www-authenticate"), Kind.LOST),
        (ZeroDivisionError(), Kind.LOST),
    ],
)
def test_each_foreign_exception_has_its_kind(cause: Exception, kind: Kind) -> None:
    assert kind_of(cause) is kind


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.SLOW, Kind.FAULT, Kind.IDLE, Kind.REFUSED])
def test_only_a_clear_answer_proves_that_nothing_started(kind: Kind) -> None:
    assert kind not in NOT_STARTED


def test_a_lost_connection_is_no_answer() -> None:
    assert ANSWERED.isdisjoint({Kind.LOST, Kind.SLOW, Kind.DENIED, Kind.REFUSED, Kind.TLS, Kind.CERTIFICATE})


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_sentence_in_both_languages_and_shows_no_secret(kind: Kind) -> None:
    secret = Secret("s3cret-value")
    for trouble in (
        unsent(WireError("Create", kind, "why s3cret-value"), HOST, secret),
        severed(WireError("Send", kind, "why s3cret-value"), HOST, secret),
    ):
        assert "acme/prod/app1" in trouble.text.zh
        assert "acme/prod/app1" in trouble.text.en
        assert "s3cret" not in f"{trouble.text.zh}{trouble.text.en}{trouble.facts}{trouble}"


def test_before_the_command_it_is_unreachable_or_denied_and_after_it_severed() -> None:
    secret = Secret("x")
    assert isinstance(unsent(WireError("Create", Kind.REFUSED, ""), HOST, secret), Unreachable)
    assert isinstance(unsent(WireError("Create", Kind.DENIED, ""), HOST, secret), Denied)
    assert isinstance(severed(WireError("Send", Kind.LOST, ""), HOST, secret), Severed)
