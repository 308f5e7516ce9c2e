"""The wire to a database server: a verb of ours, run once. What the verbs are is in executors/sql_server."""

from collections.abc import Callable, Mapping

from domain.command import Call, Command, Reading, Sql
from domain.errors import Trouble
from domain.places import DatabaseHost, SqlLogin
from domain.secret import Secret, SecretRef
from executors.mssql_link import FILE
from executors.sql_server import VERBS
from executors.sql_server.server import Post, Server, Verb


class SqlExecutor:
    """Carries `Sql`.

    `hosts` finds a database server by its path, `logins` the login of a data center's scripts by the data center's,
    `read` the bytes of a stored script by its id; `post` delivers new passwords.
    """

    def __init__(
        self,
        hosts: Callable[[str], DatabaseHost],
        logins: Callable[[str], SqlLogin],
        secrets: Callable[[SecretRef], Secret],
        read: Callable[[str], bytes],
        post: Post,
        verbs: Mapping[str, Verb] = VERBS,
    ) -> None:
        self._hosts, self._logins, self._secrets = hosts, logins, secrets
        self._read, self._post, self._verbs = read, post, verbs

    def run(self, command: Command, call: Call) -> Reading:
        """Run the verb. Raises as `domain.command.Executor` says."""
        if not isinstance(command, Sql):
            raise TypeError(f"the SQL executor cannot carry {type(command).__name__}")
        verb = self._verbs[command.verb]
        return Reading(facts=verb(self._server(command), command.args, call))

    def close(self) -> None:
        """Every session ends with its verb; what is left is FreeTDS' file of settings."""
        FILE.close()

    def _server(self, command: Sql) -> Server:
        try:
            host = self._hosts(command.host)
            return Server(host=host, login=self._logins, secrets=self._secrets, read=self._read, post=self._post)
        except Trouble as trouble:
            trouble.facts["started"] = False
            raise
