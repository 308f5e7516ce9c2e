"""The migrations are a line without a gap: each names the one before it, and its file bears its number."""

from importlib.resources import as_file, files

from alembic.config import Config
from alembic.script import ScriptDirectory

from runner.store.migrate import newest


def test_each_migration_follows_the_one_before_it_and_the_newest_is_the_head() -> None:
    config = Config()
    with as_file(files("runner.store.migrations")) as folder:
        config.set_main_option("script_location", str(folder))
        found = list(ScriptDirectory.from_config(config).walk_revisions())
    numbers = [r.revision for r in reversed(found)]
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]
    assert [r.down_revision for r in reversed(found)] == [None, *numbers[:-1]]
    assert all(r.path.rsplit("/", 1)[-1].startswith(f"{r.revision}_") for r in found)
    assert newest() == numbers[-1]
