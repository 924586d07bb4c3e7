from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.schema.models import METRICS
from smartlogd.store.lasting import CALM, COLUMNS, COUNTED, GAP_US, LASTING, TYPES, Doing, numbers

MINUTE = 60_000_000
DAY = [0, 1440 * MINUTE]


def doing(type_: str, begin: float, end: float | None = None, whose: str = "b 1", *, success: bool = False) -> Doing:
    """One event; times in minutes."""
    return Doing(type_, round(begin * MINUTE), None if end is None else round(end * MINUTE), whose, success)


def minutes(*doings: Doing) -> tuple[float, float]:
    (found,) = numbers(doings, DAY)
    return found["time_in_frame_min"], found["calm_minutes"]


def test_the_columns_are_those_of_a_day_but_for_passings() -> None:
    assert {*COLUMNS, "in_count", "out_count"} == set(METRICS)


@pytest.mark.parametrize("type_", COUNTED)
def test_each_event_counts_once_at_its_beginning_however_long_it_took(type_: str) -> None:
    (found,) = numbers([doing(type_, 1, 5), doing(type_, 2), doing(type_, -1, 3), doing(type_, 1440)], DAY)
    assert found[COUNTED[type_]] == 2
    assert sum(found.values()) == 2


def test_going_out_to_fetch_counts_and_coming_back_in_time_counts_besides() -> None:
    (found,) = numbers([doing("fetch_return", n, success=n < 3) for n in range(5)], DAY)
    assert (found["fetch_count"], found["fetch_success_count"]) == (5, 3)


def test_two_in_view_at_once_are_in_view_once() -> None:
    assert minutes(doing("person_entered", 0, 10), doing("dog_detected", 5, 20, "b 2"))[0] == 20


def test_a_gap_of_five_seconds_is_no_gap_and_a_longer_one_is() -> None:
    gap = GAP_US / MINUTE
    assert minutes(doing("dog_detected", 0, 1), doing("dog_detected", 1 + gap, 2, "b 2"))[0] == 2
    longer = gap + 1 / MINUTE
    assert minutes(doing("dog_detected", 0, 1), doing("dog_detected", 1 + longer, 2, "b 2"))[0] < 2


def test_calm_is_while_nobody_in_view_is_restless() -> None:
    dog, person = (doing("dog_detected", 0, 10), doing(CALM, 2, 8)), doing("person_entered", 4, 6, "b 2")
    assert minutes(*dog) == (10, 6)
    assert minutes(*dog, person) == (10, 4)
    assert minutes(*dog, person, doing(CALM, 5, 6, "b 2")) == (10, 5)


def test_nobody_is_calm_out_of_view_nor_by_anothers_calm() -> None:
    assert minutes(doing(CALM, 0, 5)) == (0, 0)
    assert minutes(doing("dog_detected", 0, 5), doing(CALM, 0, 5, "b 2")) == (5, 0)


def test_what_lasts_still_and_what_took_no_time_has_no_minutes() -> None:
    assert minutes(doing("dog_detected", 0), doing("dog_detected", 3, 3), doing("dog_detected", 5, 4)) == (0, 0)


def test_what_lasts_over_midnight_is_cut_there_and_a_gap_across_it_is_closed_before() -> None:
    gap = GAP_US / MINUTE
    before, after = numbers(
        [doing("dog_detected", 1430, 1440 - gap / 2), doing("dog_detected", 1440 + gap / 2, 1450)],
        [0, 1440 * MINUTE, 2880 * MINUTE],
    )
    assert (before["time_in_frame_min"], after["time_in_frame_min"]) == (10, 10)


TIMES = st.floats(-100, 1600)
DOINGS = st.lists(
    st.builds(doing, st.sampled_from(TYPES), TIMES, st.none() | TIMES, st.sampled_from(("b 1", "b 2"))), max_size=12
)


@given(DOINGS, st.lists(st.integers(1, 1439), max_size=5, unique=True).map(sorted))
def test_a_days_numbers_are_the_sum_of_its_parts_in_whatever_order_they_came(
    doings: list[Doing], cuts: list[int]
) -> None:
    (day,) = numbers(doings, DAY)
    parts = numbers(reversed(doings), [0, *(cut * MINUTE for cut in cuts), DAY[1]])
    assert {name: pytest.approx(value) for name, value in day.items()} == {
        name: sum(part[name] for part in parts) for name in day
    }
    assert 0 <= day["calm_minutes"] <= day["time_in_frame_min"] <= 1440


def test_everything_that_makes_minutes_is_ended_later() -> None:
    assert set(LASTING) - set(TYPES) == {"eating", "drinking", "playing"}
