"""The page of letters of authorization: their states, their moves, and what a portal does with them."""

from typing import Final

from docs.drawing.life import notes
from docs.drawing.markdown import code, paragraph, prose, section, table, yes
from domain import letter
from domain.letter import FINAL, KIND_LABELS, LIFE, STATE_LABELS, LetterKind, LetterState
from domain.rulebook import Rulebook
from intake import letter_scan, letters
from media import scan
from policies.wording import span

_HOW: Final = """
```
yunwei letter ask --kind download --reason "年度审计" --as li      # a draft; the last day is a month ahead
yunwei letter scan 1 stamped.pdf --as li                           # in review; says when it will be answered
yunwei letter approve 1 --opinion "同意" --as operator              # effective
yunwei letter list --state effective --as li
```

"""
_API: Final = (
    ("POST /api/v1/letters", "ask: `kind`, `reason`, `last_day`"),
    ("GET /api/v1/letters", "a page of them, newest first; by `kind`, `state`, `tenant`"),
    ("GET /api/v1/letters/{number}", "one, with its ETag"),
    ("POST /api/v1/letters/{number}/scans?name=…", "hand in a scan; the body is the file"),
    ("GET /api/v1/letters/{number}/scans", "its scans"),
    ("GET /api/v1/letters/{number}/scans/{id}", "one, byte for byte, as a download"),
    ("POST /api/v1/letters/{number}/approve", "operators; with `If-Match`"),
    ("POST /api/v1/letters/{number}/refuse", "operators; with `If-Match` and the `opinion`"),
    ("POST /api/v1/letters/{number}/revoke", "the tenant's people; with the `reason`"),
)


def page() -> str:
    """docs/letters.md."""
    return "".join(
        (
            "# Letters of authorization\n\n",
            prose(letter),
            section("Diagram", _diagram()),
            section("States", _states()),
            section("Moves", table(("from", "move", "to"), _moves())),
            section("What holds", *map(paragraph, _what_holds())),
            section("Scans", prose(scan), *map(paragraph, _scans())),
            section("At the command line", _HOW),
            section("Over the API", table(("route", "what it does"), [(code(r), what) for r, what in _API])),
        )
    )


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{s} {STATE_LABELS[s].zh}" as {s.name.lower()}' for s in LetterState]
    lines += ["    [*] --> draft: letter-asked"]
    lines += [f"    {s.name.lower()} --> {to.name.lower()}: {kind}" for s, m in LIFE.items() for kind, to in m.items()]
    lines += [f"    {s.name.lower()} --> [*]" for s in LetterState if s in FINAL]
    return "\n".join([*lines, "```"]) + "\n\n"


def _states() -> str:
    said = notes(LetterState)
    heads = ("state", "中文", "English", "what it means", "final")
    rows = [(code(s), STATE_LABELS[s].zh, STATE_LABELS[s].en, said[s.name], yes(s in FINAL)) for s in LetterState]
    kinds = ", ".join(f"{code(k)} ({KIND_LABELS[k].zh})" for k in LetterKind)
    return table(heads, rows) + paragraph(f"There are two kinds: {kinds}.")


def _moves() -> list[tuple[object, ...]]:
    return [(code(s), code(kind), code(after)) for s, moves in LIFE.items() for kind, after in moves.items()]


def _what_holds() -> tuple[str, ...]:
    rules = Rulebook().letters
    return (
        """At most one letter of a tenant and kind is effective. When one becomes effective, the earlier one becomes
        void in the same transaction; the database itself refuses a second one, however two approvals meet.""",
        """A letter holds until the end of its last day, at midnight in the zone that the tenant had when it asked. From
        that moment on it counts as void everywhere; a sweep writes it down, with its event, a moment later.""",
        f"""The review is promised within {span(rules.review).en} of working time after the first scan (Monday to
        Friday, {rules.opens:%H:%M} to {rules.closes:%H:%M} in the tenant's zone; public holidays are not known):
        `review_due_at`. An `alarm` event warns the provider {span(rules.warning).en} of working time before. The
        figures are the rulebook's (`policies.letters` in the estate file).""",
        """A scan that is added while a letter is in review makes a new revision: an operator approves what was seen, or
        is told that it has changed.""",
        f"A tenant has at most {letters.MOST_OPEN} letters in draft or in review at a time.",
        """Policies ask for a letter where an operation's trait `letter` names a kind: at submit, edit, approval and
        again at the start, and at every download that no request was made for.""",
    )


def _scans() -> tuple[str, ...]:
    kinds = ", ".join(k.media_type for k in (scan.PDF, scan.JPEG, scan.GIF, scan.PNG))
    return (
        f"""Taken are {kinds}: at most {letter_scan.MAX_BYTES // 1024**2} MiB each, {letter_scan.MOST} for each letter.
        An encrypted PDF is refused, as nobody could review it. A name whose ending does not fit the content gets one
        that does. What a scan shows is for the reviewer to judge; whether a PDF holds scripts is not looked at.""",
    )
