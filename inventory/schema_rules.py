"""The rulebook's half of the estate file's format, as data: a new key is one row."""

from datetime import timedelta
from typing import Final

from domain.rulebook import BackupRules, ClosedWindow, Expiry, Freeze, LetterRules, Planning, Quota, Rulebook
from domain.text import Text
from inventory.record import Key, Listing, Named, Record, Rule
from inventory.times import duration, instant, wall
from inventory.words import name, one_of, text, whole

_NONE, _SECOND, _DAY = timedelta(0), timedelta(seconds=1), timedelta(days=1)
_DAYS = whole(0, 3660)

CLOSED_WINDOW: Final = Record(
    of=ClosedWindow,
    keys=(Key("from", wall, "starts"), Key("to", wall, "ends")),
    rules=(
        Rule(
            "to",
            ("starts", "ends"),
            lambda starts, ends: starts != ends,
            Text("与 from 相同：空的时段", "is the same as from: the window is empty"),
        ),
    ),
)

FREEZE: Final = Record(
    of=Freeze,
    keys=(
        Key("from", instant, "starts"),
        Key("to", instant, "ends"),
        Key("reason", Record(of=Text, keys=(Key("zh", text(200)), Key("en", text(200))))),
        Key("tenants", Listing(item=name, into=frozenset, least=1, unique=((),))),
    ),
    rules=(
        Rule(
            "to",
            ("starts", "ends"),
            lambda starts, ends: starts < ends,
            Text("不晚于 from", "is not after from"),
        ),
    ),
)

PLANNING: Final = Record(
    of=Planning,
    keys=(Key("lead", duration(_NONE, 366 * _DAY)), Key("range", duration(_SECOND, 366 * _DAY))),
    rules=(
        Rule(
            "lead",
            ("lead", "range"),
            lambda lead, range_: lead < range_,
            Text("不小于 range：没有可选的时间", "is not below range: no time could be chosen"),
        ),
    ),
)

EXPIRY: Final = Record(
    of=Expiry,
    keys=(
        Key("warn_days_before", _DAYS),
        Key("grace_days", _DAYS),
        Key("last_notice_day", _DAYS),
        Key("closed_day", _DAYS),
    ),
    rules=(
        Rule(
            "grace_days",
            ("grace_days", "closed_day"),
            lambda grace_days, closed_day: grace_days < closed_day,
            Text("应小于 closed_day", "must be below closed_day"),
        ),
        Rule(
            "last_notice_day",
            ("last_notice_day", "closed_day"),
            lambda last_notice_day, closed_day: last_notice_day < closed_day,
            Text("应小于 closed_day", "must be below closed_day"),
        ),
    ),
)

QUOTA: Final = Record(of=Quota, keys=(Key("period", one_of("day", "month")), Key("limit", whole(0, 1_000_000))))

LETTERS: Final = Record(
    of=LetterRules,
    keys=(
        Key("longest", duration(_DAY, 3660 * _DAY)),
        Key("review", duration(timedelta(minutes=1), 30 * _DAY)),
        Key("warning", duration(_NONE, 30 * _DAY)),
        Key("opens", wall),
        Key("closes", wall),
    ),
    rules=(
        Rule(
            "closes",
            ("opens", "closes"),
            lambda opens, closes: opens < closes,
            Text("不晚于 opens：没有工作时间", "is not after opens: nobody would ever work"),
        ),
        Rule(
            "warning",
            ("warning", "review"),
            lambda warning, review: warning < review,
            Text("应小于 review", "must be below review"),
        ),
    ),
)

BACKUPS: Final = Record(
    of=BackupRules, keys=(Key("keep", whole(1, 1_000)), Key("at_least", duration(_NONE, 3660 * _DAY)))
)

POLICIES: Final = Record(
    of=Rulebook,
    keys=(
        Key("closed_windows", Listing(item=CLOSED_WINDOW)),
        Key("freezes", Listing(item=FREEZE)),
        Key("planning", PLANNING),
        Key("expiry", EXPIRY),
        Key("quotas", Named(name=name, item=Listing(item=QUOTA, least=1, unique=(("period",),)))),
        Key("default_cutoff", duration(_NONE, 30 * _DAY)),
        Key("letters", LETTERS),
        Key("backups", BACKUPS),
    ),
)
