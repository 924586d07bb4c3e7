from __future__ import annotations

from uuid import uuid4

from smartlogd.base.known import EventId
from smartlogd.record.window import Window, capped, extended, joined, merged

CAUSE = EventId(uuid4())


def test_windows_that_overlap_are_one_clip_and_those_that_do_not_are_two() -> None:
    windows = [Window(0, 10, ("a",)), Window(30, 40, ("c",)), Window(8, 18, ("b",), CAUSE)]
    assert merged(windows, 300) == (Window(0, 18, ("a", "b"), CAUSE), Window(30, 40, ("c",)))


def test_windows_that_touch_are_one_clip() -> None:
    assert merged([Window(0, 10), Window(10, 20)], 300) == (Window(0, 20),)
    assert merged([Window(0, 10), Window(11, 20)], 300) == (Window(0, 10), Window(11, 20))


def test_a_window_within_another_adds_its_label_and_no_time() -> None:
    assert merged([Window(0, 10, ("a",)), Window(2, 4, ("b",))], 300) == (Window(0, 10, ("a", "b")),)


def test_what_is_too_long_goes_on_in_another_clip() -> None:
    assert merged([Window(0, 25, ("a",))], 10) == (
        Window(0, 10, ("a",)), Window(10, 20, ("a",)), Window(20, 25, ("a",)),
    )  # fmt: skip
    assert merged([Window(0, 8), Window(5, 14), Window(12, 18)], 10) == (Window(0, 10), Window(10, 18))


def test_a_clip_that_is_being_cut_grows_at_its_end_only() -> None:
    assert extended(Window(5, 10), Window(0, 12), 300) == (Window(5, 12), None)
    assert extended(Window(5, 15), Window(8, 20), 10) == (Window(5, 15), Window(15, 20))


def test_the_first_cause_is_the_clips() -> None:
    other = EventId(uuid4())
    assert joined(Window(5, 9, (), other), Window(0, 6, (), CAUSE)).cause == CAUSE
    assert joined(Window(5, 9, (), other), Window(0, 6)).cause == other
    assert capped(Window(0, 9, (), CAUSE), 9) == (Window(0, 9, (), CAUSE), None)


def test_overlapping_is_mutual() -> None:
    assert Window(0, 5).overlaps(Window(5, 9))
    assert Window(5, 9).overlaps(Window(0, 5))
    assert not Window(0, 4).overlaps(Window(5, 9))
