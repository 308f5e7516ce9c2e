"""A sender of its own process, to be killed: `crash.py STORE_URL MAIL_URL`; its password comes from the environment."""

import sys
import threading

from inventory.secrets import open_secret
from messages.mail import Smtp
from messages.outbox import MAIL
from messages.sender import Pauses, Sender
from messages.settings import mail_settings
from runner.clock import SteadyClock
from runner.server_clock import server_clock
from runner.store.store import Store

CLAIM_S = 2.0


def main() -> None:
    store = Store(sys.argv[1], SteadyClock(read=server_clock(sys.argv[1])))
    courier = Smtp(mail_settings(sys.argv[2], "MAIL"), open_secret)
    sender, never = Sender(store, {MAIL: courier}, Pauses(claim_s=CLAIM_S)), threading.Event()
    while True:
        sender.round(never)
        never.wait(0.1)


if __name__ == "__main__":
    main()
