from __future__ import annotations

import pytest
from walks import at

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Behaviour, Phase, Track, TrackId
from smartlogd.base.seen import Kind
from smartlogd.movement.behaviour import Conduct, behave
from smartlogd.movement.rules import BehaviourRules


def track(phase: Phase, kind: Kind = Kind.PERSON, last: float = 2) -> Track:
    return Track(TrackId(7), kind, Box(0.4, 0.2, 0.6, 0.8), Point(0, 0), 0.7, 3, at(1), at(last), phase)


def told(*frames: tuple[Track, ...]) -> list[tuple[Behaviour, ...]]:
    """What each frame of these tracks tells."""
    conduct, news = Conduct(), []
    for number, tracks in enumerate(frames):
        conduct, now = behave(conduct, tracks, at(2 + number / 10), (), BehaviourRules(), aspect=1.0)
        news.append(now)
    return news


ENTERED = Behaviour("person_entered", TrackId(7), at(1), None, 0.7)


def test_who_is_believed_for_the_first_time_has_entered_when_first_seen() -> None:
    assert told((track(Phase.TENTATIVE),), (track(Phase.CONFIRMED),)) == [(), (ENTERED,)]


@pytest.mark.parametrize("then", [Phase.CONFIRMED, Phase.LOST])
def test_who_was_believed_already_does_not_enter_again(then: Phase) -> None:
    assert told((track(Phase.CONFIRMED),), (track(then),), (track(Phase.CONFIRMED),)) == [(ENTERED,), (), ()]


@pytest.mark.parametrize("now", [Phase.TENTATIVE, Phase.LOST, Phase.ENDED])
def test_who_is_not_believed_now_has_not_entered(now: Phase) -> None:
    assert told((track(now),)) == [()]


def test_a_dog_is_told_as_a_dog_and_a_cat_not_at_all() -> None:
    (((told_of),),) = told((track(Phase.CONFIRMED, Kind.DOG),))
    assert told_of.what == "dog_detected"
    assert told((track(Phase.CONFIRMED, Kind.CAT),)) == [()]


def test_who_is_gone_was_there_until_seen_last() -> None:
    (_, (over,)) = told((track(Phase.CONFIRMED, last=3),), ())
    assert (over.what, over.start, over.end) == ("person_entered", at(1), at(3))
