"""Where things lie in the bucket."""

from dataclasses import dataclass

from domain.artifact import ArtifactKey


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of our objects, all under one prefix."""

    prefix: str

    def artifact_prefix(self) -> str:
        return f"{self.prefix}artifacts/"

    def artifact(self, key: ArtifactKey) -> str:
        return f"{self.artifact_prefix()}{key}"

    def facts(self, token: str) -> str:
        return f"{self.prefix}facts/{token}.json"
