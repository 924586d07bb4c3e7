from __future__ import annotations

from smartlogd.sync.hold import Hold


def test_a_row_that_was_held_is_left_out_until_it_is_time_to_try() -> None:
    hold = Hold(300)
    hold.answered(sent=[1, 2, 3], settled=[1], now_s=0)
    assert hold.left_out([1, 2, 3, 4], 299) == {2, 3}
    assert hold.left_out([1, 2, 3, 4], 300) == frozenset()


def test_one_parcel_tries_for_all() -> None:
    hold = Hold(300)
    hold.answered(sent=[1, 2, 3, 4], settled=[], now_s=0)
    assert hold.left_out([1, 2], 300) == frozenset()
    assert hold.left_out([3, 4], 300) == {3, 4}


def test_when_the_try_is_taken_all_are_sent_again() -> None:
    hold = Hold(300)
    hold.answered(sent=[1, 2, 3, 4], settled=[], now_s=0)
    hold.answered(sent=[1, 2], settled=[1, 2], now_s=301)
    assert hold.left_out([3, 4], 301) == frozenset()


def test_when_the_try_is_held_again_all_go_on_waiting() -> None:
    hold = Hold(300)
    hold.answered(sent=[1, 2, 3, 4], settled=[], now_s=0)
    assert not hold.left_out([1, 2], 300)
    hold.answered(sent=[1, 2], settled=[], now_s=300)
    assert hold.left_out([1, 2, 3, 4], 301) == {1, 2, 3, 4}


def test_rows_of_another_sort_that_are_taken_release_nobody() -> None:
    hold = Hold(300)
    hold.answered(sent=[1], settled=[], now_s=0)
    hold.answered(sent=[2], settled=[2], now_s=1)
    assert hold.left_out([1], 2) == {1}


def test_whoever_asks_for_it_tries_at_once() -> None:
    hold = Hold(300)
    hold.answered(sent=[1], settled=[], now_s=0)
    hold.release()
    assert not hold
    assert hold.left_out([1], 1) == frozenset()
