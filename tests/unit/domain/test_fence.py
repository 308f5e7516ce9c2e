"""The name of an attempt: different for each job, run and step, and a file name that Windows takes."""

import re

import pytest

from domain.command import Fence

_FILE_NAME = re.compile(r"[a-z0-9.-]+")


def _token(step: str, *, run: int = 1, epoch: int = 1, asked: int = 0x5F) -> str:
    return Fence(job=7, asked=asked, run=run, epoch=epoch).token(step)


@pytest.mark.req("CORE-1")
def test_a_token_names_job_run_and_step_but_not_the_worker_that_tries() -> None:
    assert _token("restart:app1", epoch=3) == _token("restart:app1", epoch=4) == "job7.5f-run1-restart.app1"


@pytest.mark.req("CORE-1")
def test_another_run_or_another_step_has_another_token() -> None:
    names = [_token(step, run=run) for run in (1, 2) for step in ("restart:app1", "restart:app2", "prove:app1")]
    assert len(set(names)) == len(names)


@pytest.mark.req("CORE-1")
def test_a_job_of_another_store_with_the_same_number_is_not_taken_for_done_by_the_old_marker() -> None:
    assert _token("restart:app1", asked=1) != _token("restart:app1", asked=2)


@pytest.mark.parametrize("step", ["restart:app1", "restart:all", "undrain:app-2"])
def test_a_token_is_a_file_name_on_windows(step: str) -> None:
    assert _FILE_NAME.fullmatch(_token(step))
