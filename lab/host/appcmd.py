"""appcmd: lists of pools, sites and workers as text and XML; start, stop and recycle of a pool."""

from xml.sax.saxutils import quoteattr

from lab.host.service_programs import ACCESS_DENIED, denied, tell
from lab.host.services import NO_SUCH, OK
from lab.host.session import Session
from lab.host.texts import say

Row = dict[str, str]
_VERBS = {"stop": "pool_stopped", "start": "pool_started", "recycle": "pool_recycled"}


def appcmd(session: Session, words: list[str]) -> int:
    """`appcmd list apppool|site|wp [name] [/xml]`, `appcmd start|stop|recycle apppool name`."""
    verb, kind = ([word.lower() for word in words] + ["", ""])[:2]
    rest = words[2:]
    if verb == "list" and kind in ("apppool", "site", "wp"):
        xml = any(word.lower() == "/xml" for word in rest)
        return _list(session, kind, [word for word in rest if word.lower() != "/xml"], xml=xml)
    if verb in _VERBS and kind == "apppool" and len(rest) == 1:
        return _act(session, verb, _name(rest[0]))
    session.out(f"lab: appcmd does not know {' '.join(words)}\r\n")
    return 87


def rows(session: Session, kind: str) -> list[Row]:
    """The objects of a kind with the attributes that `list /xml` shows."""
    iis, spec = session.world.iis, session.world.spec
    if kind == "apppool":
        common = {"PipelineMode": "Integrated", "RuntimeVersion": "v4.0"}
        return [{"APPPOOL.NAME": name, **common, "state": state} for name, state in iis.pools().items()]
    if kind == "site":
        bindings = f"http/*:80:{spec.host_header or ''}"
        return [{"SITE.NAME": spec.site, "SITE.ID": "1", "bindings": bindings, "state": iis.site_state()}]
    return [{"WP.NAME": str(entry.pid), "APPPOOL.NAME": pool} for pool, entry in iis.workers()]


def _list(session: Session, kind: str, names: list[str], *, xml: bool) -> int:
    wanted = [_name(name).lower() for name in names]
    found = [row for row in rows(session, kind) if not wanted or next(iter(row.values())).lower() in wanted]
    if wanted and not found:
        return 1
    if not xml:
        for row in found:
            session.out(_line(kind, row))
        return 0
    session.out('<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>\r\n')
    for row in found:
        session.out(f"    <{kind.upper()} {' '.join(f'{key}={quoteattr(value)}' for key, value in row.items())} />\r\n")
    session.out("</appcmd>\r\n")
    return 0


def _line(kind: str, row: Row) -> str:
    name = next(iter(row.values()))
    if kind == "apppool":
        return f'APPPOOL "{name}" (MgdVersion:v4.0,MgdMode:Integrated,state:{row["state"]})\r\n'
    if kind == "site":
        return f'SITE "{name}" (id:1,bindings:{row["bindings"]},state:{row["state"]})\r\n'
    return f'WP "{name}" (applicationPool:{row["APPPOOL.NAME"]})\r\n'


def _act(session: Session, verb: str, name: str) -> int:
    lang, iis = session.world.spec.os_lang, session.world.iis
    if denied(session):
        tell(session, "appcmd_failed", say(lang, "5"))
        return ACCESS_DENIED
    with session.acting():
        code = {"stop": iis.stop_pool, "start": iis.start_pool, "recycle": iis.recycle_pool}[verb](name)
        if code == OK:
            session.record(f"pool-{verb}", pool=name)
    if code == NO_SUCH:
        tell(session, "appcmd_no_pool", name)
        return 1168
    if code != OK:
        tell(session, "appcmd_failed", say(lang, str(code)))
        return code
    tell(session, _VERBS[verb], name)
    return 0


def _name(word: str) -> str:
    return word.split(":", 1)[1] if word.lower().startswith(("/apppool.name:", "/site.name:", "/wp.name:")) else word
