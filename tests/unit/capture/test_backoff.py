from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.capture.backoff import pauses


def test_a_pause_doubles_up_to_its_roof() -> None:
    assert list(islice(pauses(1.0, 30.0, lambda: 0.0), 7)) == [1, 2, 4, 8, 16, 30, 30]


@given(st.floats(0.01, 60), st.floats(0.01, 3600), st.floats(0, 1))
def test_a_pause_never_exceeds_its_roof_nor_vanishes(first_s: float, roof_s: float, luck: float) -> None:
    waits = list(islice(pauses(first_s, roof_s, lambda: luck), 20))
    assert all(0 < wait_s <= roof_s for wait_s in waits)
    assert waits == sorted(waits)


def test_chance_takes_off_at_most_a_quarter() -> None:
    assert list(islice(pauses(1.0, 30.0, lambda: 1.0), 3)) == [0.75, 1.5, 3.0]
