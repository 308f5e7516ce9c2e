"""What a data center is called follows from its renamings, whether or not the estate file follows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Called, called

A, B, C, D = (("甲", "A"), ("乙", "B"), ("丙", "C"), ("丁", "D"))


@pytest.mark.req("DC-5")
@pytest.mark.parametrize("file", [A, B, C])
def test_a_file_that_says_any_of_its_names_leads_to_the_last_one(file: Called) -> None:
    assert called(file, [(A, B), (B, C)]) == C


@pytest.mark.req("DC-5")
def test_a_name_that_no_renaming_gave_is_the_providers_own_and_newer() -> None:
    assert called(D, [(A, B), (B, C)]) == D


@pytest.mark.req("DC-5")
def test_one_that_was_renamed_there_and_back_again_is_called_as_at_first() -> None:
    assert called(A, [(A, B), (B, A)]) == A


@pytest.mark.req("DC-5")
def test_the_file_may_change_the_title_and_not_follow_the_database() -> None:
    assert called(("新名", "A"), [(A, B)]) == ("新名", "B")
    assert called(("甲", "B"), [(A, B)]) == ("乙", "B")


names = st.integers(0, 400).map(lambda n: (f"账套{n}", f"AIS{n}"))


@pytest.mark.req("DC-5")
@given(st.lists(st.tuples(names, st.booleans(), st.booleans()), max_size=12, unique_by=lambda row: row[0]))
def test_the_product_knows_the_name_that_the_server_knows(history: list[tuple[Called, bool, bool]]) -> None:
    """A name is given by a renaming of ours, which the file may follow, or by the provider there and in the file."""
    server = file = ("起", "START")
    renamings: list[tuple[Called, Called]] = []
    for name, by_us, follows in history:
        if by_us:
            renamings.append((server, name))
        server = name
        file = name if follows or not by_us else file
        assert called(file, renamings) == server
