"""What a job has made is on record where it belongs."""

from collections.abc import Callable

import pytest

from domain.errors import NotFound
from domain.job import Job
from intake.desk import Desk
from runner.artifacts import key_of, record

MADE = {"kind": "backup", "key": "acme/backup/job1.ff-source/two.bak", "name": "two.bak", "size": 1, "sha256": "0" * 64}


@pytest.mark.req("DC-2", "DC-3")
def test_a_backup_that_a_restore_makes_of_its_source_belongs_to_the_source(
    desk: Desk, put_job: Callable[..., Job]
) -> None:
    job = put_job(place="acme/prod/one")
    desk.store.write(lambda tx: record(tx, job, {**MADE, "place": "acme/prod/two"}))
    assert str(key_of(desk.store, "newest:acme/prod/two")) == MADE["key"]
    with pytest.raises(NotFound):
        key_of(desk.store, "newest:acme/prod/one")
