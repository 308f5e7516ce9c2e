"""The gateway for text messages: one id a message, a bearer token, and what each answer means."""

from datetime import UTC, datetime

import pytest

from domain.errors import Mistake
from domain.secret import Secret, SecretRef
from domain.text import Text
from lab.sms import SmsServer, sms_server
from messages.courier import Parcel, Postponed, Returned
from messages.log_sms import MARK, LogSms
from messages.sms import SmsGateway, sms_settings
from wiring import demo_couriers, make_couriers, settings_from

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


@pytest.mark.parametrize(("how", "kind"), [(500, Postponed), (401, Postponed), ("before", Postponed), (422, Returned)])
def test_what_an_answer_means(how: int | str, kind: type[Exception]) -> None:
    with sms_server() as server:
        server.fail(how)
        with pytest.raises(kind):
            gateway(server).deliver(PARCEL)
        assert server.messages == []


def test_a_gateway_that_is_not_there_is_tried_again_and_the_token_is_in_no_error() -> None:
    settings = sms_settings("http://127.0.0.1:9/send?token=env:T", "YUNWEI_SMS")
    with pytest.raises(Postponed) as caught:
        SmsGateway(settings, lambda _: Secret("s3cret")).deliver(PARCEL)
    assert "s3cret" not in f"{caught.value} {caught.value.text}"


@pytest.mark.parametrize("url", ["ftp://x/y", "http://sms.example.com/send", "https://u:p@x/y", "https://x/?key=1"])
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
