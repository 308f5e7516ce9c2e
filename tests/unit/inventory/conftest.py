"""The example estate as text, and a way to read it with one thing changed."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from domain.errors import Fault, Mistake
from inventory.load import parse

FOLDER = Path("/estates/one")


@pytest.fixture(scope="session")
def example() -> str:
    return files("inventory.estate").joinpath("example.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def faults_of() -> Callable[[str | bytes], tuple[Fault, ...]]:
    """The faults of a file that must have some."""

    def read(said: str | bytes) -> tuple[Fault, ...]:
        with pytest.raises(Mistake) as caught:
            parse(said.encode() if isinstance(said, str) else said, folder=FOLDER)
        assert caught.value.faults
        return caught.value.faults

    return read


@pytest.fixture(scope="session")
def faults_with(
    example: str, faults_of: Callable[[str | bytes], tuple[Fault, ...]]
) -> Callable[..., tuple[Fault, ...]]:
    """The faults of the example with `old` replaced by `new` where it stands first."""

    def read(*changes: tuple[str, str]) -> tuple[Fault, ...]:
        said = example
        for old, new in changes:
            assert old in said, old
            said = said.replace(old, new, 1)
        return faults_of(said)

    return read
