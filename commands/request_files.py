"""Files of a request: add one, list them, fetch one."""

from mimetypes import guess_type
from pathlib import Path
from typing import Final

import click

from commands.exits import DONE
from commands.lazy import Leaf
from commands.moments import shown
from commands.request_read import NUMBER
from commands.session import Session, with_session
from domain.errors import Fault, Mistake
from domain.text import Text

_HEADS: Final = (
    Text("附件", "id"),
    Text("文件名", "name"),
    Text("类型", "type"),
    Text("字节", "bytes"),
    Text("上传人", "added by"),
    Text("时间", "at"),
)
FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("attach", cls=Leaf)
@NUMBER
@click.argument("file", type=FILE)
@click.option("--name", help="The name under which it is kept; left out: the file's own.")
@click.option("--media-type", help="Such as image/png; left out: by the name.")
@with_session
def add(session: Session, /, number: int, file: Path, name: str | None, media_type: str | None) -> int:
    """Add a file (at most 5 MiB) to a request that has not ended."""
    from intake import attach, view

    name = file.name if name is None else name
    media_type = (guess_type(name)[0] or attach.PLAIN) if media_type is None else media_type
    content = read_file(file, attach.MAX_BYTES + 1)
    added = attach.attach(session.desk, session.actor, number, name, content, media_type)
    session.screen.data(view.of_attachment(added))
    session.screen.say(f"已添加附件 {added.id}：{name}", f"Attached {name} as {added.id}")
    return DONE


@click.command("attachments", cls=Leaf)
@NUMBER
@with_session
def list_(session: Session, /, number: int) -> int:
    """The files of a request.

    Columns in a pipe: id, name, type, bytes, added by, at.
    """
    from intake import attach, read, view

    zone = session.zone(read.show(session.desk, session.actor, number).request.place)
    found = attach.attachments(session.desk, session.actor, number)
    session.screen.data({"items": [view.of_attachment(a) for a in found]})
    rows = [(a.id, a.name, a.media_type, a.size, a.added_by, shown(a.added_at, zone)) for a in found]
    session.screen.table(_HEADS, rows)
    return DONE


@click.command("attachment", cls=Leaf)
@NUMBER
@click.argument("attachment_id", metavar="ID")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--force", is_flag=True, help="Overwrite FILE if it is there.")
@with_session
def fetch(session: Session, /, number: int, attachment_id: str, out: Path, force: bool) -> int:
    """Write a file of a request to FILE, byte for byte."""
    from intake import attach, view

    found = attach.read_attachment(session.desk, session.actor, number, attachment_id)
    write_file(out, found.content, force=force)
    session.screen.data({**view.of_attachment(found), "out": str(out)})
    session.screen.say(f"已写入 {out}（{found.size} 字节）", f"Wrote {out} ({found.size} bytes)")
    return DONE


COMMANDS: Final = (add, list_, fetch)


def read_file(file: Path, most: int) -> bytes:
    """The file's first bytes. Raises FileError."""
    try:
        with file.open("rb") as content:
            return content.read(most)
    except OSError as error:
        raise click.FileError(str(file), hint=error.strerror) from error


def write_file(out: Path, content: bytes, *, force: bool) -> None:
    """A new file, or with `force` any. Raises Mistake, FileError."""
    try:
        with out.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        zh, en = f"文件已存在：{out}；加 --force 以覆盖", f"{out} is there already; overwrite it with --force"
        raise Mistake(Text(zh, en), (Fault("--out", Text(zh, en), "exists"),)) from None
    except OSError as error:
        raise click.FileError(str(out), hint=error.strerror) from error
