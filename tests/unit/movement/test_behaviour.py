from __future__ import annotations

import pytest
from walks import at

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Behaviour, Phase, Track, TrackId
from smartlogd.base.seen import Kind
from smartlogd.movement.behaviour import appearance


def track(phase: Phase, kind: Kind = Kind.PERSON) -> Track:
    return Track(TrackId(7), kind, Box(0.4, 0.2, 0.6, 0.8), Point(0, 0), 0.7, 3, at(1), at(2), phase)


@pytest.mark.parametrize("before", [None, Phase.TENTATIVE])
def test_who_is_believed_for_the_first_time_has_entered_when_first_seen(before: Phase | None) -> None:
    assert appearance(before, track(Phase.CONFIRMED)) == Behaviour("person_entered", TrackId(7), at(1), None, 0.7)


@pytest.mark.parametrize("before", [Phase.CONFIRMED, Phase.LOST])
def test_who_was_believed_already_does_not_enter_again(before: Phase) -> None:
    assert appearance(before, track(Phase.CONFIRMED)) is None


@pytest.mark.parametrize("now", [Phase.TENTATIVE, Phase.LOST, Phase.ENDED])
def test_who_is_not_believed_now_has_not_entered(now: Phase) -> None:
    assert appearance(Phase.TENTATIVE, track(now)) is None


def test_a_dog_is_told_as_a_dog_and_a_cat_not_at_all() -> None:
    told = appearance(None, track(Phase.CONFIRMED, Kind.DOG))
    assert told is not None
    assert told.what == "dog_detected"
    assert appearance(None, track(Phase.CONFIRMED, Kind.CAT)) is None
