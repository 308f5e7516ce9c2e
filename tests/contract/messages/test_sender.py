"""Messages arrive: over a wire that is encrypted and checked, again if need be, and never without being told."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from domain.errors import Conflict, Denied, NotFound
from domain.event import Kind
from intake.messages import messages, retry
from lab.smtp import Fault, SmtpServer
from messages.mail import Smtp
from messages.sender import Sender
from tests.contract.messages.conftest import SENDER, Post, parsed
from tests.contract.store.conftest import run_at_once
from tests.stage import LI, OPERATOR

Servers = Callable[..., SmtpServer]
Couriers = Callable[..., Smtp]
Senders = Callable[..., Sender]


@pytest.fixture
def server(mail_server: Servers) -> SmtpServer:
    return mail_server()


def go(sender: Sender) -> int:
    return sender.round(Event())


@pytest.mark.req("INT-3", "SQL-10")
def test_a_mail_arrives_signed_in_encrypted_and_readable(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders
) -> None:
    number = post.told()
    assert go(sender(courier(server))) == 1
    (mail,) = server.switch.taken
    assert (mail.encrypted, mail.user, mail.sender, mail.recipients) == (True, "ops", SENDER, ("li@acme.example",))
    read = parsed(mail.data)
    assert read["Subject"] == f"运维单 {number}：操作，已驳回 / Request {number}: Work, rejected"
    assert read["Message-ID"] == f"<{post.rows()[0]['message_id']}>"
    assert "请改到周末" in read.get_content()
    assert read["Auto-Submitted"] == "auto-generated"
    assert post.rows()[0]["state"] == "sent"
    assert [e.facts["message"] for e in post.ears.events if e.kind is Kind.MESSAGE_SENT] == [post.rows()[0]["id"]]


def test_a_server_that_speaks_tls_from_the_first_byte_is_served_too(
    post: Post, mail_server: Servers, courier: Couriers, sender: Senders
) -> None:
    post.told()
    server = mail_server(wrapped=True)
    assert go(sender(courier(server))) == 1
    assert [m.encrypted for m in server.switch.taken] == [True]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_server_may_want_either_way_of_signing_in(
    post: Post, mail_server: Servers, courier: Couriers, sender: Senders, mechanism: str
) -> None:
    post.told()
    server = mail_server(mechanisms=mechanism)
    assert go(sender(courier(server))) == 1
    assert [m.user for m in server.switch.taken] == ["ops"]


def test_to_a_server_without_encryption_nothing_is_sent_unless_that_was_said(
    post: Post, mail_server: Servers, courier: Couriers, sender: Senders
) -> None:
    post.told()
    server = mail_server(certificate=None, users={})
    assert go(sender(courier(server))) == 0
    assert (server.switch.taken, post.rows()[0]["state"]) == ([], "waiting")
    assert "MAIL" not in server.switch.commands
    post.clock.move(hours=1)
    assert go(sender(courier(server, plain=True))) == 1


def test_a_stranger_with_our_servers_name_gets_neither_password_nor_mail(
    post: Post, mail_server: Servers, courier: Couriers, sender: Senders
) -> None:
    post.told()
    server = mail_server("stranger")
    assert go(sender(courier(server))) == 0
    assert not {"AUTH", "MAIL"} & set(server.switch.commands)
    assert "TLS" in post.rows()[0]["error"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="answer", at="CONNECT", says="421 4.3.2 busy"),
        Fault(kind="answer", at="EHLO", says="421 4.3.2 busy"),
        Fault(kind="answer", at="AUTH", says="535 5.7.8 wrong"),
        Fault(kind="answer", at="MAIL", says="550 5.7.1 not you"),
        Fault(kind="answer", at="RCPT", says="450 4.2.0 come again"),
        Fault(kind="answer", at="DATA", says="451 4.3.0 no room"),
        Fault(kind="answer", at="END", says="451 4.3.0 no room"),
        Fault(kind="cut", at="CONNECT"),
        Fault(kind="cut", at="STARTTLS"),
        Fault(kind="cut", at="RCPT"),
        Fault(kind="cut", at="END"),
    ],
    ids=lambda f: f"{f.kind}-{f.at}",
)
def test_what_a_server_does_not_take_now_is_sent_later_once(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders, fault: Fault
) -> None:
    post.told()
    server.switch.arm(Fault(kind=fault.kind, at=fault.at, says=fault.says, times=fault.times))
    sends = sender(courier(server))
    assert go(sends) == 0
    (row,) = post.rows()
    assert (row["state"], row["attempts"], server.switch.taken) == ("waiting", 1, [])
    assert row["error"]
    assert go(sends) == 0  # not before its time
    post.clock.move(seconds=10)
    assert go(sends) == 1
    assert len(server.switch.taken) == 1
    assert post.alarms() == []


@pytest.mark.parametrize(
    "fault",
    [Fault(kind="answer", at="RCPT", says="550 5.1.1 nobody"), Fault(kind="answer", at="END", says="554 5.7.1 no")],
    ids=lambda f: str(f.at),
)
def test_what_comes_back_for_good_has_failed_and_people_are_told(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders, fault: Fault
) -> None:
    number = post.told()
    post.told()
    server.switch.arm(Fault(kind="answer", at=fault.at, says=fault.says))
    go(sender(courier(server)))
    first, second = post.rows()
    assert (first["state"], second["state"]) == ("failed", "sent")
    (alarm,) = post.alarms()
    assert (alarm.job, alarm.facts["why"], alarm.facts["message"]) == (number, "message-failed", first["id"])
    assert "li@acme" not in str(alarm.facts)


@pytest.mark.parametrize("kind", ["hang", "trickle"])
@pytest.mark.parametrize("at", ["EHLO", "END"])
def test_a_server_that_says_nothing_or_never_ends_is_left(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders, kind: Any, at: str
) -> None:
    post.told()
    server.switch.arm(Fault(kind=kind, at=at))
    assert go(sender(courier(server, whole_s=0.5))) == 0
    assert post.rows()[0]["state"] == "waiting"
    assert server.switch.taken == []


@pytest.mark.req("INT-3")
def test_a_mail_whose_answer_was_lost_comes_again_with_the_same_id(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders
) -> None:
    post.told()
    server.switch.arm(Fault(kind="cut-after", at="END"))
    sends = sender(courier(server))
    assert go(sends) == 0
    post.clock.move(minutes=1)
    assert go(sends) == 1
    ids = [parsed(m.data)["Message-ID"] for m in server.switch.taken]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_how_they_part_after_the_mail_was_taken_is_of_no_matter(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders
) -> None:
    post.told()
    server.switch.arm(Fault(kind="cut", at="QUIT"))
    assert go(sender(courier(server))) == 1
    assert post.rows()[0]["state"] == "sent"


def test_after_the_last_attempt_it_has_failed(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders
) -> None:
    post.told()
    server.switch.arm(Fault(kind="answer", at="MAIL", says="451 4.3.0 not today", times=99))
    sends = sender(courier(server), attempts=3)
    for _ in range(5):
        go(sends)
        post.clock.move(hours=2)
    assert (post.rows()[0]["state"], post.rows()[0]["attempts"]) == ("failed", 3)
    assert len(post.alarms()) == 1


def test_a_message_whose_senders_died_each_time_is_given_up(post: Post, server: SmtpServer, sender: Senders) -> None:
    post.told()
    sends = sender(Died(), attempts=2)
    for _ in range(2):
        with pytest.raises(SystemExit):
            go(sends)
        post.clock.move(hours=1)
    go(sends)
    assert post.rows()[0]["state"] == "failed"
    assert len(post.alarms()) == 1


class Died:
    """A courier whose process ends before it has recorded anything."""

    def deliver(self, parcel: Any) -> None:
        raise SystemExit


def test_of_many_senders_each_message_is_sent_by_one(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders
) -> None:
    for _ in range(12):
        post.told()
    stores = [post.open() for _ in range(4)]
    crowd = [sender(courier(server), store) for store in stores]
    answers = run_at_once([lambda s=s: go(s) for s in crowd])  # type: ignore[misc]
    for store in stores:
        store.close()
    assert sum(a for a in answers if isinstance(a, int)) == 12
    assert len({parsed(m.data)["Message-ID"] for m in server.switch.taken}) == len(server.switch.taken) == 12


def test_a_message_that_failed_is_sent_again_when_an_operator_says_so(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders
) -> None:
    post.told()
    server.switch.arm(Fault(kind="answer", at="RCPT", says="550 5.1.1 nobody"))
    go(sender(courier(server)))
    (listed,) = messages(post.desk, OPERATOR, state="failed")
    assert listed.error
    assert "550" in listed.error.en
    assert retry(post.desk, OPERATOR, listed.id).state == "waiting"
    assert go(sender(courier(server))) == 1
    with pytest.raises(Conflict):
        retry(post.desk, OPERATOR, listed.id)
    with pytest.raises(NotFound):
        retry(post.desk, OPERATOR, 999)


def test_messages_are_the_operators_business_alone(post: Post) -> None:
    with pytest.raises(Denied):
        messages(post.desk, LI)
    with pytest.raises(Denied):
        retry(post.desk, LI, 1)


def test_an_address_that_is_none_comes_back_without_a_word_to_the_server(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders
) -> None:
    post.told(email="<li>,x@acme.example")
    go(sender(courier(server)))
    assert post.rows()[0]["state"] == "failed"
    assert server.switch.commands == []


def test_what_was_sent_long_ago_is_forgotten_and_what_waits_is_not(
    post: Post, server: SmtpServer, courier: Couriers, sender: Senders
) -> None:
    post.told()
    sends = sender(courier(server), keep=timedelta(days=1))
    go(sends)
    post.told()
    post.clock.move(days=2)
    assert sends.forget() == 1
    assert [r["state"] for r in post.rows()] == ["waiting"]
