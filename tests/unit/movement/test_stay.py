from __future__ import annotations

from beings import being
from walks import at

from smartlogd.base.known import Behaviour, TrackId
from smartlogd.base.seen import Kind
from smartlogd.movement.stay import Stay, is_somebody, left, stayed

ENTERED = Behaviour("person_entered", TrackId(1), at(0), None, 0.8)


def test_a_cat_is_nobody_here() -> None:
    assert is_somebody(being(1.0))
    assert is_somebody(being(1.0, last=0.5))
    assert not is_somebody(being(1.0, kind=Kind.CAT))


def test_who_is_there_came_when_first_seen_and_is_there_until_seen_last() -> None:
    stay, told = stayed(None, being(1.0), at(1.0), 5.0)
    assert told == (ENTERED,)
    stay, told = stayed(stay, being(4.0), at(4.0), 5.0)
    stay, told = stayed(stay, being(5.0, last=4.0), at(5.0), 5.0)
    assert (stay, told) == (Stay(ENTERED, at(4.0)), ())
    assert [(end.start, end.end) for end in left(stay)] == [(at(0), at(4.0))]


def test_who_is_not_believed_has_not_come() -> None:
    assert stayed(None, being(1.0, last=0.5), at(1.0), 5.0) == (None, ())
    assert left(None) == ()


def test_a_gap_of_more_than_five_seconds_ends_presence_and_who_is_seen_again_comes_anew() -> None:
    stay, _ = stayed(None, being(1.0), at(1.0), 5.0)
    stay, told = stayed(stay, being(5.9, last=1.0), at(5.9), 5.0)
    assert told == ()
    stay, told = stayed(stay, being(6.1, last=1.0), at(6.1), 5.0)
    assert [(one.start, one.end) for one in told] == [(at(0), at(1.0))]
    assert left(stay) == ()
    stay, told = stayed(stay, being(7.0, last=1.0), at(7.0), 5.0)
    assert told == ()
    _, told = stayed(stay, being(8.0), at(8.0), 5.0)
    assert [(one.start, one.end) for one in told] == [(at(8.0), None)]


def test_frames_that_did_not_come_for_longer_end_it_too() -> None:
    stay, _ = stayed(None, being(1.0), at(1.0), 5.0)
    _, told = stayed(stay, being(60.0), at(60.0), 5.0)
    assert [(one.start, one.end) for one in told] == [(at(0), at(1.0)), (at(60.0), None)]
