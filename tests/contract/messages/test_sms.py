"""The gateway for text messages: one id a message, a bearer token, and what each answer means."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.errors import Mistake
from domain.secret import Secret, SecretRef
from domain.text import Text
from inventory.secrets import open_secret
from lab.sms import Failure, SmsServer, sms_server
from messages.courier import Parcel, Postponed, Returned
from messages.log_sms import MARK, LogSms
from messages.outbox import MAIL, SMS, Letter
from messages.sms import SmsGateway, sms_settings
from tests.contract.messages.conftest import Post
from tests.stage import OPERATIONS, estate, outbox_on
from wiring import demo_couriers, make_couriers, make_senders, settings_from

pytestmark = pytest.mark.req("INT-10")
PARCEL = Parcel(
    message_id="m-1",
    recipient="+8613800001234",
    subject=Text("验证码", "code"),
    body=Text("验证码 123456", "123456 is your code"),
    created_at=datetime(2026, 11, 26, tzinfo=UTC),
)


def gateway(server: SmsServer) -> SmsGateway:
    settings = sms_settings(f"{server.url}?token=env:SMS_TOKEN", "YUNWEI_SMS")
    assert settings.token == SecretRef("env", "SMS_TOKEN")
    return SmsGateway(settings, lambda _: Secret("t0k"))


def test_a_message_arrives_once_however_often_it_is_sent() -> None:
    with sms_server("t0k") as server:
        server.fail("after")
        with pytest.raises(Postponed):
            gateway(server).deliver(PARCEL)
        gateway(server).deliver(PARCEL)
        assert server.asked == 2
        assert [(m["id"], m["to"]) for m in server.messages] == [("m-1", "+8613800001234")]
        assert "123456" in server.messages[0]["text"]


def a_code(expires_at: datetime) -> Letter:
    words = {"subject": PARCEL.subject, "body": PARCEL.body}
    return Letter(key="c", kind="code", channel=SMS, recipient=PARCEL.recipient, **words, expires_at=expires_at)


@pytest.mark.parametrize(
    ("how", "kind"),
    [(500, Postponed), (401, Postponed), (307, Postponed), ("before", Postponed), (404, Returned), (422, Returned)],
)
def test_what_an_answer_means(how: Failure, kind: type[Exception]) -> None:
    with sms_server() as server:
        server.fail(how)
        with pytest.raises(kind):
            gateway(server).deliver(PARCEL)
        assert (server.messages, server.asked) == ([], 1), "a redirect is not followed"


@pytest.mark.parametrize("how", ["hang", "trickle"])
def test_a_gateway_that_never_ends_is_left(how: Failure) -> None:
    with sms_server() as server:
        server.fail(how)
        with pytest.raises(Postponed):
            SmsGateway(sms_settings(server.url, "YUNWEI_SMS"), open_secret, whole_s=0.3).deliver(PARCEL)


def test_a_token_that_cannot_be_read_or_sent_is_a_way_that_is_closed_and_nothing_is_sent() -> None:
    with sms_server() as server:
        settings = sms_settings(f"{server.url}?token=env:NOT_THERE_AT_ALL", "YUNWEI_SMS")
        with pytest.raises(Postponed) as missing:
            SmsGateway(settings, open_secret).deliver(PARCEL)
        assert "NOT_THERE_AT_ALL" in missing.value.text.en
        with pytest.raises(Postponed) as broken:
            SmsGateway(settings, lambda _: Secret("s3cret\r\nX: y")).deliver(PARCEL)
        assert "s3cret" not in f"{broken.value} {broken.value.text}"
        assert server.messages == []


def test_a_gateway_with_a_certificate_of_nobodys_gets_neither_token_nor_code(certificates: dict[str, Path]) -> None:
    told: list[bytes] = []
    with tls_listener(certificates["stranger"], certificates["stranger_key"], told) as port:
        url = f"https://127.0.0.1:{port}/send?token=env:T&ca={certificates['known_ca']}"
        with pytest.raises(Postponed):
            SmsGateway(sms_settings(url, "YUNWEI_SMS"), lambda _: Secret("s3cret")).deliver(PARCEL)
    assert told == []


@contextmanager
def tls_listener(certificate: Path, key: Path, told: list[bytes]) -> Iterator[int]:
    """Takes one connection; what came through its TLS is in `told`."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    def serve() -> None:
        with suppress(OSError), listener.accept()[0] as plain, tls.wrap_socket(plain, server_side=True) as wire:
            told.append(wire.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


def test_a_code_does_not_wait_behind_a_mail_server_that_hangs(post: Post) -> None:
    """Each channel has a sender of its own: that of text messages is through while that of mail still waits."""
    hanging, let_go = threading.Event(), threading.Event()

    class Hung:
        def deliver(self, parcel: Parcel) -> None:
            hanging.set()
            let_go.wait(30)

    with sms_server("t0k") as server:
        senders = make_senders(post.store, {MAIL: Hung(), SMS: gateway(server)})
        post.told()
        outbox = outbox_on(estate(), OPERATIONS)
        post.store.write(lambda tx: outbox.put(tx, a_code(tx.ahead(300))))
        threads = [threading.Thread(target=s.round, args=(threading.Event(),)) for s in senders.values()]
        for thread in threads:
            thread.start()
        assert hanging.wait(10)
        assert server.wait(1, 10)[0]["to"] == PARCEL.recipient
        let_go.set()
        for thread in threads:
            thread.join(10)
    rows = {r["channel"]: r for r in post.rows()}
    assert (rows[SMS]["state"], rows[SMS]["body"]) == ("sent", None)


def test_a_gateway_that_is_not_there_is_tried_again_and_the_token_is_in_no_error() -> None:
    settings = sms_settings("http://127.0.0.1:9/send?token=env:T", "YUNWEI_SMS")
    with pytest.raises(Postponed) as caught:
        SmsGateway(settings, lambda _: Secret("s3cret")).deliver(PARCEL)
    assert "s3cret" not in f"{caught.value} {caught.value.text}"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/y",
        "http://sms.example.com/send",
        "https://u:p@x/y",
        "https://x/?key=1",
        "https://u@x/y",
        "https://x:99999/",
    ],
)
def test_a_setting_that_would_send_codes_in_clear_or_nowhere_is_refused(url: str) -> None:
    with pytest.raises(Mistake) as caught:
        sms_settings(url, "YUNWEI_SMS")
    assert {f.path for f in caught.value.faults} == {"YUNWEI_SMS"}


def test_the_log_of_the_demo_is_reached_by_no_setting(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("log", "demo", "stderr:", "log://", "file:/tmp/x"):
        with pytest.raises(Mistake):
            make_couriers(settings_from({"YUNWEI_SMS": word}))
    assert make_couriers(settings_from({})) == {}
    (courier,) = demo_couriers().values()
    assert isinstance(courier, LogSms)
    courier.deliver(PARCEL)
    assert capsys.readouterr().err.startswith(MARK)
