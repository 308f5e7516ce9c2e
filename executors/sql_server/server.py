"""One database server, as a verb uses it: sessions of ours, and the folder that both sides see."""

import ntpath
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from domain.command import Call
from domain.places import DatabaseHost, SqlLogin
from domain.secret import Secret, SecretRef
from executors.mssql_address import Address, address_of, server_of
from executors.mssql_link import Link

UTILITY: Final = "yunwei"  # the provider's own small database there: attempts, and what is to be undone

Facts = dict[str, Any]
Arguments = Mapping[str, Any]


class Post(Protocol):
    """The way of a new password to whoever asked for it."""

    def check(self, job: int) -> None:
        """Raises Broke, nothing begun, if it could not be delivered."""

    def deliver(self, job: int, user: str, password: Secret) -> str:
        """Deliver it now, and keep it nowhere; answers to whom it went, masked. Raises Broke."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A database server of the estate.

    `login` finds the login under which a data center's scripts run, by the data center's path; `read` brings a script's
    bytes by the id of its artifact; `post` delivers a new password to whoever asked for it.
    """

    host: DatabaseHost
    login: Callable[[str], SqlLogin]
    secrets: Callable[[SecretRef], Secret]
    read: Callable[[str], bytes]
    post: Post

    @property
    def address(self) -> Address:
        """Our own login there. Raises Denied: the estate does not say, or the password cannot be read."""
        sql = server_of(self.host)
        return address_of(self.host, sql, sql.user, self.secrets(sql.password))

    def link(self, program: str, database: str = UTILITY) -> Link:
        """A session of ours. Raises Unreachable or Denied, with `started` False: nothing was sent."""
        return Link(self.address, program, database)

    def again(self) -> Link:
        """A second session, to look at the first."""
        return self.link("yunwei watch", "master")

    def there(self, name: str) -> str:
        """A file of the exchange folder, as the server names it."""
        folder = server_of(self.host).exchange.there
        path = ntpath if "\\" in folder or folder[1:2] == ":" else posixpath
        return str(path.join(folder, name))


Verb = Callable[[Server, Arguments, Call], Facts]
