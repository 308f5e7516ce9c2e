"""A time so far off that no zone can reckon with it is a mistake of the asker, not an error of ours."""

import pytest

from domain.errors import Mistake
from intake.desk import Desk
from intake.submit import check, submit
from tests.stage import LI, wish


@pytest.mark.req("INT-8")
@pytest.mark.parametrize(
    "when", ["0001-01-01T00:30:00+00:00", "9999-12-30T23:00:00+00:00", "9999-12-31T23:00:00-10:00"]
)
def test_a_time_out_of_reach_is_told_with_its_path(desk: Desk, when: str) -> None:
    for ask in (check, submit):
        with pytest.raises(Mistake) as told:
            ask(desk, LI, wish(planned_at=when))
        assert [f.path for f in told.value.faults] == ["planned_at"]
