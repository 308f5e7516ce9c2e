"""The name of an attempt: different for each run and step, and a file name that Windows takes."""

import re

import pytest

from domain.command import Fence

_FILE_NAME = re.compile(r"[a-z0-9.-]+")


def _fence(run: int, epoch: int) -> Fence:
    return Fence(job=7, run=run, epoch=epoch)


@pytest.mark.req("CORE-1")
def test_a_token_names_job_run_and_step_but_not_the_worker_that_tries() -> None:
    assert _fence(1, 3).token("restart:app1") == _fence(1, 4).token("restart:app1") == "job7-run1-restart.app1"


@pytest.mark.req("CORE-1")
def test_another_run_or_another_step_has_another_token() -> None:
    names = [_fence(run, 1).token(step) for run in (1, 2) for step in ("restart:app1", "restart:app2", "prove:app1")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("step", ["restart:app1", "restart:all", "undrain:app-2"])
def test_a_token_is_a_file_name_on_windows(step: str) -> None:
    assert _FILE_NAME.fullmatch(_fence(1, 1).token(step))
