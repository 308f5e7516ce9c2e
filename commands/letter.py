"""`yunwei letter …`: letters of authorization."""

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.moments import shown
from commands.request_files import FILE, read_file, write_file
from commands.request_read import NUMBER
from commands.session import Session, with_session
from domain.letter import LetterKind, LetterState
from domain.text import Text

if TYPE_CHECKING:
    from domain.letter import Letter

command = Group("letter", help="Letters of authorization: ask, hand in the scan, review, revoke.")
_KINDS: Final = "|".join(kind.value for kind in LetterKind)
_REV: Final = click.option(
    "--rev", type=int, help="Only if it is still at this revision; left out: the one it has now."
)
_HEADS: Final = (
    Text("授权书", "number"),
    Text("租户", "tenant"),
    Text("种类", "kind"),
    Text("状态", "state"),
    Text("有效期至", "last day"),
    Text("承诺答复时间", "review due"),
    Text("申请人", "asked by"),
)


@command.command(cls=Leaf)
@click.option("--kind", metavar=_KINDS, help="What it authorizes; required.")
@click.option("--reason", help="What for; required.")
@click.option("--last-day", metavar="DAY", help="Such as 2026-12-26, in the tenant's zone; left out: a month ahead.")
@with_session
def ask(session: Session, /, **given: str | None) -> int:
    """Ask for a letter: a draft, until its stamped scan is handed in."""
    from intake import letters

    body = {name: word for name, word in given.items() if word is not None}
    return _tell(session, letters.ask(session.desk, session.actor, body))


@command.command("list", cls=Leaf)
@click.option("--kind", type=click.Choice([k.value for k in LetterKind]))
@click.option("--state", type=click.Choice([s.value for s in LetterState]))
@click.option("--tenant")
@click.option("--before", type=int, metavar="NUMBER", help="The last number of the page before.")
@click.option("--limit", type=int, default=50, show_default=True)
@with_session
def list_(session: Session, /, kind: str | None, state: str | None, **given: Any) -> int:
    """Letters, newest first.

    Columns in a pipe: number, tenant, kind, state, last day, review due, asked by.
    """
    from intake import letters
    from intake.letter_view import of_letter

    words = {"kind": kind and LetterKind(kind), "state": state and LetterState(state)}
    found = letters.letters(session.desk, session.actor, letters.Wanted(**words, **given))  # type: ignore[arg-type]
    after = str(found[-1].number) if len(found) == given["limit"] else None
    session.screen.data({"items": [of_letter(each) for each in found], "next": after})
    session.screen.table(_HEADS, [_row(session, of_letter(each)) for each in found])
    return DONE


@command.command(cls=Leaf)
@NUMBER
@with_session
def show(session: Session, /, number: int) -> int:
    """One letter."""
    from intake import letters

    return _tell(session, letters.get(session.desk, session.actor, number))


@command.command(cls=Leaf)
@NUMBER
@click.argument("file", type=FILE)
@click.option("--name", help="The name under which it is kept; left out: the file's own.")
@with_session
def scan(session: Session, /, number: int, file: Path, name: str | None) -> int:
    """Hand in a stamped scan (PDF, JPG, GIF, PNG; at most 10 MiB): the letter is in review from then on."""
    from intake import letter_scan
    from intake.letter_view import of_scan

    content = read_file(file, letter_scan.MAX_BYTES + 1)
    added = letter_scan.add_scan(session.desk, session.actor, number, file.name if name is None else name, content)
    session.screen.data(of_scan(added))
    session.screen.say(f"已上传扫描件 {added.id}：{added.name}", f"Handed in {added.name} as {added.id}")
    return DONE


@command.command(cls=Leaf)
@NUMBER
@with_session
def scans(session: Session, /, number: int) -> int:
    """The scans of a letter. Columns in a pipe: id, name, type, bytes, added by, at."""
    from intake import letter_scan, letters
    from intake.letter_view import of_scan

    zone = _zone(session, letters.get(session.desk, session.actor, number).tenant)
    found = letter_scan.scans(session.desk, session.actor, number)
    session.screen.data({"items": [of_scan(each) for each in found]})
    heads = ("id", Text("文件名", "name"), Text("类型", "type"), Text("字节", "bytes"), Text("上传人", "by"), "at")
    rows = [(s.id, s.name, s.media_type, s.size, s.added_by, shown(s.added_at, zone)) for s in found]
    session.screen.table(heads, rows)
    return DONE


@command.command(cls=Leaf)
@NUMBER
@click.argument("scan_id", metavar="ID")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--force", is_flag=True, help="Overwrite FILE if it is there.")
@with_session
def fetch(session: Session, /, number: int, scan_id: str, out: Path, force: bool) -> int:
    """Write a scan of a letter to FILE, byte for byte."""
    from intake import letter_scan
    from intake.letter_view import of_scan

    found = letter_scan.read_scan(session.desk, session.actor, number, scan_id)
    write_file(out, found.content, force=force)
    session.screen.data({**of_scan(found), "out": str(out)})
    session.screen.say(f"已写入 {out}（{found.size} 字节）", f"Wrote {out} ({found.size} bytes)")
    return DONE


@command.command(cls=Leaf)
@NUMBER
@click.option("--opinion", help="What the tenant reads.")
@_REV
@with_session
def approve(session: Session, /, number: int, opinion: str | None, rev: int | None) -> int:
    """The provider's yes: the letter is effective, and the earlier one of its kind void."""
    from intake import letter_review, letters

    body = {} if opinion is None else {"opinion": opinion}
    seen = letters.get(session.desk, session.actor, number).rev if rev is None else rev
    return _tell(session, letter_review.approve(session.desk, session.actor, number, seen, body))


@command.command(cls=Leaf)
@NUMBER
@click.option("--opinion", help="Why not; required.")
@_REV
@with_session
def refuse(session: Session, /, number: int, opinion: str | None, rev: int | None) -> int:
    """The provider's no."""
    from intake import letter_review, letters

    body = {} if opinion is None else {"opinion": opinion}
    seen = letters.get(session.desk, session.actor, number).rev if rev is None else rev
    return _tell(session, letter_review.refuse(session.desk, session.actor, number, seen, body))


@command.command(cls=Leaf)
@NUMBER
@click.option("--reason", help="Why; required.")
@with_session
def revoke(session: Session, /, number: int, reason: str | None) -> int:
    """From now on the letter authorizes nothing. Only while it is in review or effective."""
    from intake import letters

    body = {} if reason is None else {"reason": reason}
    return _tell(session, letters.revoke(session.desk, session.actor, number, body))


def _tell(session: Session, letter: "Letter") -> int:
    from intake.letter_view import of_letter

    item, screen, zone = of_letter(letter), session.screen, _zone(session, letter.tenant)
    screen.data(item)
    moments = ("asked_at", "scanned_at", "review_due_at", "decided_at", "ended_at")
    at = {name: item[name] and shown(item[name], zone) for name in moments}
    rows: list[tuple[Text, object]] = [
        (Text("授权书", "number"), f"{letter.number} (rev {letter.rev})"),
        (Text("租户", "tenant"), letter.tenant),
        (Text("种类", "kind"), screen.of(item["kind"]["label"])),
        (Text("状态", "state"), screen.of(item["state"]["label"])),
        (Text("事由", "reason"), letter.reason),
        (Text("有效期至", "last day"), letter.last_day),
        (Text("申请", "asked"), f"{letter.asked_by}, {at['asked_at']}"),
        (Text("上传扫描件", "scan handed in"), at["scanned_at"]),
        (Text("承诺答复时间", "review due"), at["review_due_at"]),
        (Text("审核", "reviewed"), letter.decided_by and f"{letter.decided_by}, {at['decided_at']}"),
        (Text("审核意见", "opinion"), letter.opinion),
        (Text("终止", "ended"), letter.ended_why and f"{letter.ended_why}, {at['ended_at']}"),
        (Text("替代者", "replaced by"), letter.replaced_by),
    ]
    screen.table((Text("项目", "item"), Text("内容", "value")), [(screen.of(k), v) for k, v in rows if v])
    return DONE


def _row(session: Session, item: dict[str, Any]) -> tuple[object, ...]:
    screen, due = session.screen, item["review_due_at"]
    return (
        item["number"],
        item["tenant"],
        screen.of(item["kind"]["label"]),
        screen.of(item["state"]["label"]),
        item["last_day"],
        due and shown(due, _zone(session, item["tenant"])),
        item["asked_by"],
    )


def _zone(session: Session, tenant: str) -> Any:
    """The tenant's zone; UTC where the estate does not know it any more. Errors are told in it from now on."""
    zones = {t.name: t.zone for t in session.desk.estate.tenants}
    session.given.zone = zones.get(tenant, UTC)
    return session.given.zone
