"""Where a database server is, with which login and under which certificate; and what its file of settings says.

FreeTDS takes the certificate authority from a file only, named by an environment variable: one file a process, with a
section a server.
"""

import contextlib
import hashlib
import os
import ssl
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.errors import Denied
from domain.places import DatabaseHost, SqlServer
from domain.secret import Secret
from domain.text import Text

_VARIABLE: Final = "FREETDSCONF"


@dataclass(frozen=True, kw_only=True)
class Address:
    """One login on one server. `host` is the server's path in the estate."""

    host: str
    name: str
    port: int
    user: str
    password: Secret
    encryption: str
    ca_file: str | None
    verify: bool

    @property
    def authorities(self) -> str | None:
        """The file of the authorities to trust; None where any certificate is taken."""
        if not self.verify or self.encryption != "required":
            return None
        return self.ca_file or ssl.get_default_verify_paths().cafile or _bundle()


def address_of(host: DatabaseHost, sql: SqlServer, user: str, password: Secret) -> Address:
    return Address(
        host=host.path,
        name=host.address,
        port=host.port,
        user=user,
        password=password,
        encryption=sql.encryption,
        ca_file=sql.ca_file,
        verify=sql.verify,
    )


def server_of(host: DatabaseHost) -> SqlServer:
    """How to sign in there. Raises Denied where the estate does not say."""
    if host.sql is None:
        zh = f"{host.path} 未配置 sql：资产文件未说明如何登录该数据库服务器"
        raise Denied(Text(zh, f"{host.path} has no `sql` in the estate file: it does not say how to sign in"),
                     host=host.path, started=False)  # fmt: skip
    return host.sql


def _bundle() -> str:
    import certifi

    return str(certifi.where())


class FreeTdsFile:
    """The file that FreeTDS reads at each connect. Sections are only added: another thread may be reading."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sections: dict[str, str] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def section(self, address: Address) -> str:
        """The name under which FreeTDS knows this address."""
        text = _section(address)
        name = "y" + hashlib.sha256(text.encode()).hexdigest()[:24]
        with self._lock:
            if name not in self._sections:
                self._sections[name] = text
                self._write()
        return name

    def _write(self) -> None:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="yunwei-tds-")
        folder = Path(self._folder.name)
        text = "".join(f"[{name}]\n{body}" for name, body in self._sections.items())
        (folder / "new").write_text(text, encoding="utf-8")
        (folder / "new").replace(folder / "freetds.conf")
        os.environ[_VARIABLE] = str(folder / "freetds.conf")

    def close(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._folder:
                self._folder.cleanup()
                self._folder = None
                self._sections.clear()
                os.environ.pop(_VARIABLE, None)


def _section(address: Address) -> str:
    need = "require" if address.encryption == "required" else "request"
    lines = [f"host = {address.name}", f"port = {address.port}", "tds version = 7.4", f"encryption = {need}"]
    if address.authorities:
        lines += [f"ca file = {address.authorities}", "check certificate hostname = yes"]
    return "".join(f"\t{line}\n" for line in lines)
