"""Files to and from the artifact store: both ways go on where they were cut off, and both are proven by the SHA-256."""

import threading
from collections.abc import Mapping
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from commands.carrying import bar, hashed, told
from commands.codes import HELP, code_of, have_sent
from commands.exits import DONE
from commands.lazy import Leaf
from commands.moments import shown
from commands.request_files import FILE
from commands.session import Session, with_session
from domain.artifact import Range, chunks_of
from domain.errors import Broke, Fault, Mistake, Unreachable
from domain.text import Text

if TYPE_CHECKING:
    from domain.keeping import Record
    from intake.uploads import Progress

TRIES: Final = 5
FIRST_PAUSE_S: Final = 1.0


@click.command(cls=Leaf)
@click.argument("file", type=FILE)
@click.option("--place", required=True, help="The data center that it is for, like acme/prod/books.")
@click.option("--kind", type=click.Choice(["backup", "bacpac"]), help="Left out: by the file's name.")
@click.option("--description", default="", help="What people read.")
@click.option("--restore", is_flag=True, help="It is to be restored after the upload.")
@click.option("--send-code", is_flag=True, help="Have a one-time code sent to your phone; uploads nothing.")
@click.option("--code", default="", help=HELP)
@click.option("--name", help="The name under which it is kept; left out: the file's own.")
@with_session
def upload(
    session: Session, /, file: Path, name: str | None, kind: str | None, restore: bool, send_code: bool, **given: str
) -> int:
    """Upload a .bak, .bacpac or .dacpac, and be told what it is, or why it is not taken.

    After an error, or when it was killed, the same command goes on with what has arrived already.
    """
    from intake.upload_wish import ask_code
    from intake.uploads import refusal_of

    with _opened(file) as content:
        size = file.stat().st_size
        words = {"filename": name or file.name, "restore": "yes" if restore else "no", "kind": kind or "", **given}
        words["sha256"] = hashed(session.screen, content, size)
        send = partial(ask_code, session.desk, session.actor, size, words)
        if send_code:
            return have_sent(session, send)
        words["code"] = code_of(session, words["code"], True, send) or ""
        record = _begun(session, words, size)
        done = _sent(session, record, content).record
    if done.state in ("refused", "failed"):
        raise refusal_of(done)
    tell(session, done)
    return DONE


@click.command(cls=Leaf)
@click.argument("artifact_id", metavar="ID")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--force", is_flag=True, help="Overwrite FILE if it is there.")
@with_session
def download(session: Session, /, artifact_id: str, out: Path, force: bool) -> int:
    """Write an artifact to FILE. What an earlier call has fetched lies beside it in FILE.ID.part, and is not fetched
    again. Needs an effective download letter and traffic that is left."""
    from intake.downloads import allowed

    if out.exists() and not force:
        zh, en = f"文件已存在：{out}；加 --force 以覆盖", f"{out} is there already; overwrite it with --force"
        raise Mistake(Text(zh, en), (Fault("--out", Text(zh, en), "exists"),))
    record = allowed(session.desk, session.actor, artifact_id)
    part = out.with_name(f"{out.name}.{record.id}.part")
    fetched = _fetched(session, record, part)
    part.replace(out)
    session.screen.data({**_shape(record), "out": str(out), "fetched": fetched})
    zh, en = (
        f"已写入 {out}（{record.size} 字节，SHA-256 相符）",
        f"Wrote {out} ({record.size} bytes; the SHA-256 holds)",
    )
    session.screen.say(zh, en)
    return DONE


COMMANDS: Final = (upload, download)


def tell(session: Session, record: "Record") -> None:
    """Everything about an artifact."""
    item, screen = _shape(record), session.screen
    screen.data(item)
    zones = {t.name: t.zone for t in session.desk.estate.tenants}
    facts, added = record.facts, shown(record.added_at, zones.get(record.tenant, UTC))
    named = ("database", "server", "software", "started", "finished")
    rows: list[tuple[object, object]] = [
        ("id", record.id),
        (screen.of(Text("种类", "kind")), screen.of(item["kind"]["label"])),
        (screen.of(Text("状态", "state")), screen.of(item["state"]["label"])),
        (screen.of(Text("位置", "place")), record.place),
        (screen.of(Text("名称", "name")), record.name),
        (screen.of(Text("说明", "description")), record.description),
        (screen.of(Text("字节", "bytes")), record.size),
        ("SHA-256", record.sha256),
        (screen.of(Text("加入", "added")), f"{record.added_by}, {added}"),
        (screen.of(Text("运维单", "request")), record.job),
        (screen.of(Text("识别为", "recognised as")), screen.of(facts.get("called", ""))),
        *((name, facts.get(name)) for name in named),
        *((screen.of(Text("提示", "remark")), screen.of(r)) for r in facts.get("remarks", ())),
        *((screen.of(Text("拒绝原因", "refused")), screen.of(r)) for r in facts.get("refusals", ())),
    ]
    screen.table((Text("项目", "item"), Text("内容", "value")), [row for row in rows if row[1] not in (None, "")])


def _begun(session: Session, words: Mapping[str, str], size: int) -> "Record":
    """The upload of this very file that was cut off, or a new one."""
    from domain.keeping import Keeping
    from intake.artifacts import Wanted, artifacts
    from intake.uploads import begin, unfinished

    wanted = Wanted(state=Keeping.UPLOADING, place=words["place"], limit=200)
    there = unfinished(session.actor, artifacts(session.desk, session.actor, wanted), words, size)
    return there or begin(session.desk, session.actor, size, words)


def _sent(session: Session, record: "Record", content: BinaryIO) -> "Progress":
    """Send the rest. What is unreachable now is tried again a few times; nothing is sent twice."""
    from intake.uploads import append, look

    for left in range(TRIES - 1, -1, -1):
        progress = look(session.desk, session.actor, record.id)
        if progress.record.state != "uploading":
            return progress
        content.seek(progress.offset)
        try:
            with bar(session.screen, Text("上传", "Uploading"), record.size or 0, progress.offset) as moved:
                chunks = told(chunks_of(content), moved)
                return append(session.desk, session.actor, record.id, progress.offset, chunks)
        except Unreachable:
            if left == 0:
                raise
            threading.Event().wait(FIRST_PAUSE_S * 2 ** (TRIES - 1 - left))
    raise AssertionError("the last try answers or raises")


def _fetched(session: Session, record: "Record", part: Path) -> int:
    """Fetch what `part` lacks, prove all of it; answers how many bytes were fetched now."""
    size, there = record.size or 0, part.stat().st_size if part.exists() else 0
    if there > size:
        there = 0
    with _written(part, there) as file:
        if there < size:
            _fetch_rest(session, record, file, there)
        file.flush()
        if hashed(session.screen, file, size) != record.sha256:
            part.unlink()
            zh, en = f"{part.name} 的 SHA-256 不符，已丢弃：请重新下载", f"{part.name} has another SHA-256: begin anew"
            raise Broke(Text(zh, en), artifact=record.id)
    return size - there


def _fetch_rest(session: Session, record: "Record", file: BinaryIO, there: int) -> None:
    from intake.downloads import fetch

    title, rest = Text("下载", "Downloading"), Range(first=there, last=None)
    with (
        fetch(session.desk, session.actor, record, rest, "cli") as download,
        bar(session.screen, title, record.size or 0, there) as moved,
    ):
        for chunk in told(download, moved):
            file.write(chunk)
            download.handed(len(chunk))


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise click.FileError(str(file), hint=error.strerror) from error


def _written(part: Path, there: int) -> BinaryIO:
    """The partial file, at its end."""
    try:
        file = part.open("r+b" if there else "w+b")
    except OSError as error:
        raise click.FileError(str(part), hint=error.strerror) from error
    file.seek(there)
    return file


def _shape(record: "Record") -> dict[str, Any]:
    from intake.artifact_view import of_artifact

    return of_artifact(record)
