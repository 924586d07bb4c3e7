"""Beginning, end and number, by loudness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.detect.loudness import Stretch, bounds, loudest_at, times
from smartlogd.detect.sounds import Samples

BARK = [0.2, 1.0, 0.9, 0.5, 0.3, 0.1, 0.03]


def levels(*parts: list[float], floor: float = 0.0) -> Samples:
    return np.asarray([max(one, floor) for part in parts for one in part], np.float32)


def rest(steps: int) -> list[float]:
    return [0.0] * steps


def test_it_begins_with_what_is_loud_and_ends_with_it() -> None:
    assert bounds(levels(rest(20), BARK, rest(9))) == Stretch(20, 26)


def test_the_noise_of_the_room_does_not_belong_to_it() -> None:
    assert bounds(levels(rest(20), BARK, rest(9), floor=0.09)) == Stretch(20, 25)


def test_where_all_is_alike_it_is_the_whole() -> None:
    assert bounds(np.full(30, 0.4, np.float32)) == Stretch(0, 30)
    assert bounds(np.zeros(30, np.float32)) == Stretch(0, 30)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("between", [3, 10, 40])
def test_barks_are_counted_one_by_one(count: int, between: int) -> None:
    heard = levels(rest(20), *([*BARK, *rest(between)] for _ in range(count)))
    assert times(heard, bounds(heard), is_quick=True) == count


def test_barks_in_a_room_that_hums_are_counted_all_the_same() -> None:
    heard = levels(rest(20), *([*BARK, *rest(12)] for _ in range(4)), floor=0.12)
    assert times(heard, bounds(heard), is_quick=True) == 4


def test_a_howl_that_trembles_is_one() -> None:
    howl = [0.6 + 0.3 * np.sin(step / 2) for step in range(150)]
    heard = levels(rest(10), howl, rest(10))
    assert times(heard, bounds(heard), is_quick=False) == 1


def test_two_howls_are_two() -> None:
    howl = [0.8] * 80
    heard = levels(rest(10), howl, rest(30), howl, rest(10))
    assert times(heard, bounds(heard), is_quick=False) == 2


def test_the_loudest_is_looked_for_only_where_it_is_said() -> None:
    heard = levels(BARK, rest(5), [0.5, 0.7], rest(2))
    assert loudest_at(heard, Stretch(0, 16)) == 1
    assert loudest_at(heard, Stretch(10, 16)) == 13


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=200), st.booleans())
def test_of_any_levels_something_is_told(given_: list[float], is_quick: bool) -> None:
    heard = np.asarray(given_, np.float32)
    stretch = bounds(heard)
    assert 0 <= stretch.first < stretch.end <= len(heard)
    assert stretch.first <= loudest_at(heard, stretch) < stretch.end
    assert 1 <= times(heard, stretch, is_quick=is_quick) <= len(heard)
