"""`yunwei artifact …`: backups, uploads and packages: list, look, delete, link; their bytes are in artifact_files."""

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

import click

from commands import artifact_files
from commands.exits import DONE
from commands.lazy import Group, Leaf
from commands.moments import shown
from commands.session import Session, with_session
from domain.keeping import ArtifactKind, Keeping
from domain.text import Text

if TYPE_CHECKING:
    from domain.keeping import Record

command = Group("artifact", help="Backups, uploads and packages: list, upload, download, delete, link.")
for each in artifact_files.COMMANDS:
    command.add_command(each)
_ID: Final = click.argument("artifact_id", metavar="ID")
_HEADS: Final = (
    "id",
    Text("种类", "kind"),
    Text("状态", "state"),
    Text("位置", "place"),
    Text("名称", "name"),
    Text("字节", "bytes"),
    Text("加入", "added"),
    Text("由", "by"),
)


@command.command("list", cls=Leaf)
@click.option("--kind", type=click.Choice([k.value for k in ArtifactKind]))
@click.option("--state", type=click.Choice([k.value for k in Keeping]))
@click.option("--place", help="Only those of this data center.")
@click.option("--tenant")
@click.option("--cursor", help="`next` of the page before (--json tells it).")
@click.option("--limit", type=int, default=50, show_default=True)
@with_session
def list_(session: Session, /, state: str | None, **given: Any) -> int:
    """The newest first. In a pipe: id, kind, state, place, name, bytes, added, by."""
    from intake import artifacts
    from intake.artifact_view import of_artifact

    wanted = artifacts.Wanted(state=Keeping(state) if state else None, **given)
    found = artifacts.artifacts(session.desk, session.actor, wanted)
    after = artifacts.cursor_of(found[-1]) if len(found) == wanted.limit else None
    session.screen.data({"items": [of_artifact(each) for each in found], "next": after})
    session.screen.table(_HEADS, [_row(session, each) for each in found])
    return DONE


@command.command(cls=Leaf)
@_ID
@with_session
def show(session: Session, /, artifact_id: str) -> int:
    """One artifact: how it stands, what was recognised, why it was refused."""
    from intake import artifacts

    artifact_files.tell(session, artifacts.get(session.desk, session.actor, artifact_id))
    return DONE


@command.command(cls=Leaf)
@_ID
@with_session
def delete(session: Session, /, artifact_id: str) -> int:
    """Delete an artifact and its bytes. Not while a request that has not ended uses it."""
    from intake import artifacts
    from intake.artifact_view import of_artifact

    deleted = artifacts.delete(session.desk, session.actor, artifact_id)
    session.screen.data(of_artifact(deleted))
    session.screen.say(f"已删除 {deleted.name}（{deleted.id}）", f"Deleted {deleted.name} ({deleted.id})")
    return DONE


@command.command(cls=Leaf)
@_ID
@click.option("--valid", "valid_s", type=int, metavar="SECONDS", help="How long it opens; left out: an hour.")
@click.option("--portal", default="", metavar="URL", help="The portal's address, like https://ops.example.com.")
@with_session
def link(session: Session, /, artifact_id: str, valid_s: int | None, portal: str) -> int:
    """Make an address that opens an artifact without a token.

    It is the bucket's own with S3. Else it is a path of the portal, to which --portal is put in front.
    """
    from intake import links
    from intake.artifact_view import of_link

    wanted = links.seconds({"valid_s": valid_s})
    made = of_link(links.make(session.desk, session.actor, artifact_id, wanted), portal)
    session.screen.data(made)
    session.screen.line(made["url"])
    return DONE


def _row(session: Session, record: "Record") -> tuple[object, ...]:
    from intake.artifact_view import of_artifact

    item, screen = of_artifact(record), session.screen
    words = (screen.of(item["kind"]["label"]), screen.of(item["state"]["label"]))
    zones = {t.name: t.zone for t in session.desk.estate.tenants}
    added = shown(record.added_at, zones.get(record.tenant, UTC))
    return (record.id, *words, record.place, record.name, record.size, added, record.added_by)
