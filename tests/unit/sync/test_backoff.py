from __future__ import annotations

from smartlogd.sync.backoff import pause_s, roof_s, slow_s


def test_the_roof_doubles_with_each_failure_until_the_highest() -> None:
    assert [roof_s(failures, 2.0, 30.0) for failures in range(7)] == [0.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_after_years_of_failures_the_roof_is_still_a_number() -> None:
    assert roof_s(10**9, 1.0, 300.0) == 300.0


def test_a_pause_lies_anywhere_under_the_roof() -> None:
    assert pause_s(4, 1.0, 300.0, 0.0) == 0.0
    assert pause_s(4, 1.0, 300.0, 1.0) == 8.0


def test_what_only_a_person_can_mend_is_tried_at_nearly_equal_intervals() -> None:
    assert (slow_s(300.0, 0.0), slow_s(300.0, 1.0)) == (270.0, 300.0)
