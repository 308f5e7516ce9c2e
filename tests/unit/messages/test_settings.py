"""The mail settings: one URL, every mistake at once, and no secret in it."""

import pytest

from domain.errors import Mistake
from domain.secret import SecretRef
from messages.settings import mail_settings


def test_a_whole_url_is_read() -> None:
    read = mail_settings("smtp://ops%40acme@mail.example:2525?from=a@b.example&password=file:/x&ca=/ca", "M")
    assert (read.host, read.port, read.user, read.password) == (
        "mail.example",
        2525,
        "ops@acme",
        SecretRef("file", "/x"),
    )
    assert (read.sender, str(read.ca_file), read.wrapped, read.plain) == ("a@b.example", "/ca", False, False)


def test_the_ports_are_those_of_submission() -> None:
    assert mail_settings("smtp://mail?from=a@b", "M").port == 587
    assert mail_settings("smtps://mail?from=a@b", "M").port == 465


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://mail?from=a@b", "smtp://user@host"),
        ("smtp://mail", "sender is missing"),
        ("smtp://u:hunter2@mail?from=a@b", "No password here"),
        ("smtp://u@mail?from=a@b", "needs a password"),
        ("smtp://mail?from=a@b&password=file:/x", "a password a user"),
        ("smtp://u@mail?from=a@b&password=hunter2", "env:NAME or file:PATH"),
        ("smtp://u@mail?from=a@b&password=env:P&tls=none", "not encrypted"),
        ("smtp://mail?from=a@b&tls=maybe", "only be none"),
        ("smtp://mail:99999?from=a@b", "no port"),
        ("smtp://mail?from=a@b&form=c", "Unknown option"),
    ],
)
def test_a_mistake_is_named_and_never_shows_a_password(url: str, said: str) -> None:
    with pytest.raises(Mistake) as raised:
        mail_settings(url, "YUNWEI_MAIL")
    told = " ".join(f.text.en for f in raised.value.faults)
    assert said in told
    assert "hunter2" not in told
    assert {f.path for f in raised.value.faults} == {"YUNWEI_MAIL"}


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(Mistake) as raised:
        mail_settings("ftp://u:p@?tls=x", "M")
    assert len(raised.value.faults) >= 4
