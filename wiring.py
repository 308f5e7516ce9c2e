"""The composition root: settings become a store, a bell, executors, a worker, a portal. The one file that knows all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from domain.catalog import Catalog
from domain.errors import Fault, Mistake
from domain.operation import Operation
from domain.text import Text
from inventory.settings import PREFIX, Settings, settings_from

__all__ = ["Settings", "settings_from"]

if TYPE_CHECKING:  # the command line must start fast: what is heavy is imported where it is used
    from fastapi import FastAPI

    from domain.artifact import ArtifactKey, ArtifactStore
    from intake.desk import Desk
    from inventory.load import Inventory
    from messages.courier import Courier
    from messages.sender import Sender
    from runner.store.store import Store
    from runner.worker import Errand, Pace, Worker

SEND_EVERY_S: Final = 1.0
SURVEY_EVERY_S: Final = 10.0  # it looks whether a survey is due
SWEEP_EVERY_S: Final = 30.0


@dataclass(frozen=True, kw_only=True)
class Product:
    """What is opened once a process: the store, and everything that reads or writes through it."""

    settings: Settings
    inventory: "Inventory"
    catalog: Catalog
    store: "Store"
    desk: "Desk"
    artifacts: "ArtifactStore"
    couriers: Mapping[str, "Courier"] = field(default_factory=dict)
    closers: list[Any] = field(default_factory=list)

    def close(self) -> None:
        for close in reversed(self.closers):
            close()


def read_estate(
    settings: Settings, operations: tuple[type[Operation], ...] | None = None
) -> tuple["Inventory", Catalog]:
    """The estate, checked with the operations that work on it. Raises Mistake with everything that is wrong."""
    from inventory.load import load
    from playbooks import OPERATIONS

    inventory = load(settings.estate)
    catalog = Catalog(OPERATIONS if operations is None else operations)
    _check_quotas(inventory, catalog)
    return inventory, catalog


def open_product(
    settings: Settings,
    operations: tuple[type[Operation], ...] | None = None,
    couriers: Mapping[str, "Courier"] | None = None,
) -> Product:
    """Load the estate, open and migrate the store, hang the bell. Raises Mistake with everything that is wrong.

    `couriers` stand in the place of those that the settings name.
    """
    from intake.desk import Desk
    from messages.outbox import Outbox
    from messages.words import Words
    from runner.bell import bell_from
    from runner.decider import Decider
    from runner.narrator import narrate
    from runner.store.migrate import migrate
    from runner.store.store import Store

    inventory, catalog = read_estate(settings, operations)
    couriers = {**make_couriers(settings), **(couriers or {})}
    settings.home.mkdir(parents=True, exist_ok=True)
    artifacts = make_artifacts(settings)
    outbox = Outbox(words=Words(catalog=catalog, estate=inventory.estate), channels=frozenset(couriers))
    store = Store(settings.store_url, clock_for(settings), heard=narrate, witness=outbox.witness)
    migrate(store)
    bell = bell_from(settings.bell_url)
    decider = Decider(estate=inventory.estate, rules=inventory.rules)
    desk = Desk(store=store, catalog=catalog, decider=decider, bell=bell, artifacts=artifacts, outbox=outbox)
    closers = [store.close, bell.close]
    return Product(
        settings=settings,
        inventory=inventory,
        catalog=catalog,
        store=store,
        desk=desk,
        artifacts=artifacts,
        couriers=couriers,
        closers=closers,
    )


def make_couriers(settings: Settings) -> dict[str, "Courier"]:
    """What carries messages, by channel; none for a channel that is not set. Raises Mistake."""
    from inventory.secrets import open_secret
    from messages.mail import Smtp
    from messages.outbox import MAIL, SMS
    from messages.settings import mail_settings

    made: dict[str, Courier] = {}
    if settings.mail:
        made[MAIL] = Smtp(mail_settings(settings.mail, PREFIX + "MAIL"), open_secret)
    if settings.sms:
        from messages.sms import SmsGateway, sms_settings

        made[SMS] = SmsGateway(sms_settings(settings.sms, PREFIX + "SMS"), open_secret)
    return made


def demo_couriers() -> dict[str, "Courier"]:
    """What carries the demo's text messages: its log. Called by the demo's own process; no setting names it."""
    from messages.log_sms import LogSms
    from messages.outbox import SMS

    return {SMS: LogSms()}


def make_artifacts(settings: Settings) -> "ArtifactStore":
    """Where backups, uploads and exports lie. Raises Mistake, Denied."""
    from executors.objects_address import store_at
    from inventory.secrets import open_secret

    return store_at(settings.artifacts, settings.home.absolute() / "artifacts", open_secret, PREFIX + "ARTIFACTS")


def clock_for(settings: Settings) -> Any:
    """The clock of this deployment: on PostgreSQL everybody reads the database server's."""
    from runner.clock import parse_clock
    from runner.server_clock import server_clock

    read = server_clock(settings.store_url)
    try:
        return parse_clock(settings.clock, read)
    except ValueError as error:
        text = Text(f"时钟设置有误：{settings.clock!r}", f"Cannot read the clock {settings.clock!r}: {error}")
        raise Mistake(text, (Fault("YUNWEI_CLOCK", text),)) from error


def make_worker(product: Product, pace: "Pace | None" = None) -> "Worker":
    """A worker with every wire, ready to start."""
    import time

    from runner.claims import Claims
    from runner.engine import Engine
    from runner.patience import Patience
    from runner.sweeper import Retention, Sweeper
    from runner.worker import Pace, Worker, new_worker_id

    desk, settings = product.desk, product.settings
    pace = pace or Pace(slots=settings.slots, lease_s=settings.lease_s)
    worker_id = new_worker_id()
    executors = make_executors(product)
    errands = make_errands(product, executors)
    engine = Engine(executors, lambda event, s: event.wait(s), time.monotonic, Patience())
    claims = Claims(desk.store, desk.catalog, desk.decider, worker_id, pace.lease_s)
    sweeper = Sweeper(desk.store, desk.catalog, Retention())
    return Worker(worker_id, desk.store, claims, engine, desk.bell, sweeper, pace, errands)


def make_errands(product: Product, executors: Mapping[str, Any]) -> tuple["Errand", ...]:
    """What a worker does besides its jobs: it tells people, asks how data centers are, ends uploads that are left."""
    from intake.retention import retire
    from intake.upload_sweep import drop_stale, sweep
    from runner.survey import Survey
    from runner.worker import FORGET_EVERY_S, Errand

    senders = make_senders(product.store, product.couriers)
    first = next(iter(senders.values()))
    survey = Survey(product.store, lambda: product.desk.estate, executors["mssql"])
    return (
        Errand(name="survey", every_s=SURVEY_EVERY_S, do=survey.round),
        *(Errand(name=f"send-{name}", every_s=SEND_EVERY_S, do=each.round) for name, each in senders.items()),
        Errand(name="forget-messages", every_s=FORGET_EVERY_S, do=lambda _stopping: first.forget()),
        Errand(name="sweep-artifacts", every_s=SWEEP_EVERY_S, do=lambda stopping: sweep(product.desk, stopping)),
        Errand(name="retire-backups", every_s=FORGET_EVERY_S, do=lambda stopping: retire(product.desk, stopping)),
        Errand(name="drop-stale", every_s=FORGET_EVERY_S, do=lambda stopping: drop_stale(product.desk, stopping)),
    )


def make_senders(store: "Store", couriers: Mapping[str, "Courier"]) -> dict[str, "Sender"]:
    """One a channel, so that a code does not wait behind a mail server that hangs; one even where nothing is set."""
    from messages.outbox import SMS
    from messages.sender import QUICK, Pauses, Sender

    made = {c: Sender(store, {c: each}, QUICK if c == SMS else Pauses()) for c, each in couriers.items()}
    return made or {"none": Sender(store, {}, Pauses())}


def make_executors(product: Product) -> dict[str, Any]:
    """One executor a wire."""
    from executors.choose import ChooseExecutor
    from executors.exchange import ExchangeExecutor
    from executors.mssql import SqlExecutor
    from executors.pause import PauseExecutor
    from executors.site import SiteExecutor
    from executors.together import TogetherExecutor
    from executors.winrm import WinRMExecutor
    from inventory.secrets import open_secret
    from messages.password import PasswordPost
    from playbooks.scripts import load
    from runner.artifacts import key_of

    post = PasswordPost(product.store, product.couriers)
    estate, artifacts = product.inventory.estate, product.artifacts
    hosts = estate.host

    def keys(named: str) -> "ArtifactKey":
        return key_of(product.store, named)

    def script(named: str) -> bytes:
        with artifacts.open(keys(named)) as opened:
            return b"".join(opened)

    executors: dict[str, Any] = {
        "winrm": WinRMExecutor(hosts, open_secret, stop_tree=load("stop_tree")),
        "site": SiteExecutor(hosts),
        "mssql": SqlExecutor(estate.database_host, estate.script_login, open_secret, script, post),
        "exchange": ExchangeExecutor(estate.database_host, artifacts, keys),
        "none": PauseExecutor(),
    }
    executors["together"] = TogetherExecutor(executors)
    executors["choose"] = ChooseExecutor(executors)
    product.closers.extend(e.close for e in executors.values())
    return executors


def make_portal(product: Product) -> "FastAPI":
    """The HTTP API."""
    from portal.app import make_app

    return make_app(product.desk)


def _check_quotas(inventory: "Inventory", catalog: Catalog) -> None:
    """A quota for a class that no operation has would limit nothing, silently."""
    known = {o.traits.quota_class for o in catalog}
    faults = [
        Fault(f"policies.quotas.{name}", Text("没有操作属于此配额类别", "No operation has this quota class"), "unknown")
        for name in inventory.rules.quotas
        if name not in known
    ]
    if faults:
        raise Mistake(Text("规则有误", "The rules have mistakes"), tuple(faults))
