from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from walks import at

from smartlogd.base.geometry import Point
from smartlogd.base.known import Action, Crossing, TrackId
from smartlogd.movement.debounce import is_repeat


def crossing(t: float, action: str = "I", line: str = "door") -> Crossing:
    return Crossing(line, Action(action), TrackId(1), at(t), Point(0.5, 0.5), 0.8)


def test_the_first_passing_repeats_nothing() -> None:
    assert not is_repeat(crossing(1), [], 15)


@pytest.mark.parametrize(("after_s", "expected"), [(0.0, True), (14.9, True), (15.0, False), (60.0, False)])
def test_the_same_way_again_is_a_repeat_until_the_span_is_over(after_s: float, expected: bool) -> None:
    assert is_repeat(crossing(10 + after_s), [crossing(10)], 15) is expected


def test_who_went_the_other_way_in_between_may_pass_again() -> None:
    assert not is_repeat(crossing(4), [crossing(1), crossing(2, "O")], 15)
    assert is_repeat(crossing(4), [crossing(1), crossing(2, "O"), crossing(3)], 15)


def test_the_way_back_over_another_line_is_a_way_back_too() -> None:
    assert not is_repeat(crossing(4, line="left"), [crossing(1, line="left"), crossing(2, "O", "right")], 15)


def test_another_line_is_passed_on_its_own() -> None:
    assert not is_repeat(crossing(4, line="hall"), [crossing(1)], 15)
    assert is_repeat(crossing(4), [crossing(1), crossing(2, line="hall")], 15)


def test_the_span_runs_from_the_last_passing_that_was_logged() -> None:
    assert is_repeat(crossing(20), [crossing(1), crossing(18)], 15)
    assert not is_repeat(crossing(20), [crossing(1)], 15)


@given(
    st.lists(st.tuples(st.floats(0, 60), st.sampled_from("IO")), max_size=30),
    st.sampled_from((5.0, 15.0)),
)
def test_of_any_passings_none_is_logged_twice_the_same_way_within_the_span(
    passings: list[tuple[float, str]], debounce_s: float
) -> None:
    logged: list[Crossing] = []
    for t, action in sorted(passings):
        found = crossing(t, action)
        if is_repeat(found, logged, debounce_s):
            before = logged[-1]
            assert (before.action, found.stamp.since(before.stamp) < debounce_s) == (found.action, True)
            continue
        logged.append(found)
    for one, other in itertools.pairwise(logged):
        assert one.action is not other.action or other.stamp.since(one.stamp) >= debounce_s
