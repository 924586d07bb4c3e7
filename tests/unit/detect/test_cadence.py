"""Whose turn it is for a closer look."""

from __future__ import annotations

import datetime as dt

from smartlogd.base.time import Stamp
from smartlogd.detect.cadence import Cadence


def at(seconds: float) -> Stamp:
    return Stamp(round(seconds * 1e9), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=True)


def test_all_are_looked_at_first_and_then_only_after_the_span() -> None:
    cadence = Cadence(0.5, 2)
    assert [set(cadence.chosen(2, at(t))) for t in (0, 0.4, 0.5, 0.9, 1.0)] == [{0, 1}, set(), {0, 1}, set(), {0, 1}]


def test_where_they_are_more_they_take_turns() -> None:
    cadence = Cadence(0.5, 2)
    assert [set(cadence.chosen(3, at(t))) for t in (0, 1, 2)] == [{0, 1}, {2, 0}, {1, 2}]


def test_nobody_uses_up_no_turn() -> None:
    cadence = Cadence(0.5, 2)
    assert cadence.chosen(0, at(0)) == frozenset()
    assert cadence.chosen(1, at(0.1)) == {0}


def test_without_a_stamp_it_is_always_time_for_the_first() -> None:
    cadence = Cadence(0.5, 2)
    assert [set(cadence.chosen(count)) for count in (0, 1, 3)] == [set(), {0}, {0, 1}]


def test_a_clock_that_begins_anew_is_waited_for_by_nobody() -> None:
    cadence = Cadence(0.5, 2)
    cadence.chosen(1, at(100))
    assert cadence.chosen(1, at(3)) == {0}
