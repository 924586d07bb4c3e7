from __future__ import annotations

import itertools
from uuid import UUID

import pytest
from beings import BOWL, DOG, HERE, Frame, begun, being, count, live, near, span, spans
from walks import at

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Behaviour, Phase, Track, TrackId
from smartlogd.base.seen import Kind
from smartlogd.base.who import Who
from smartlogd.movement.behaviour import Conduct, behave, finish
from smartlogd.movement.rules import BehaviourRules

ANN = Who(UUID(int=1), is_known=True)
FAR = Box(0.02, 0.2, 0.12, 0.5)


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


def sits(id_: int, start: float, end: float, box: Box = HERE, whom: dict[TrackId, Who] | None = None) -> list[Frame]:
    frames = span(start, end, lambda t: being(t, box, "sit", id_=id_, first=start))
    return [Frame(one.t, one.tracks, whom or {}) for one in frames]


def nobody(start: float, end: float) -> list[Frame]:
    return span(start, end, lambda _: None)


def test_who_is_lost_and_found_on_another_track_has_not_sat_down_again() -> None:
    said = live([*sits(1, 0, 5), *nobody(5, 8), *sits(2, 8, 12)])
    assert spans(said, "sit") == [(0.0, 11.9)]
    assert spans(said, "person_entered") == [(0.0, 4.9), (8.0, 11.9)]
    assert len(spans(said, "calm")) == 2


def test_who_is_away_for_more_than_five_seconds_has() -> None:
    said = live([*sits(1, 0, 5), *nobody(5, 10.5), *sits(2, 10.5, 15)])
    assert spans(said, "sit") == [(0.0, 4.9), (10.5, 14.9)]


def test_someone_else_elsewhere_has_sat_down_too() -> None:
    assert count(live([*sits(1, 0, 5), *nobody(5, 8), *sits(2, 8, 12, FAR)]), "sit") == 2


def test_the_same_face_elsewhere_has_not() -> None:
    same = {TrackId(1): ANN, TrackId(2): ANN}
    assert count(live([*sits(1, 0, 5), *nobody(5, 8), *sits(2, 8, 12, FAR, same)]), "sit") == 1


def test_a_face_that_is_known_again_before_the_dwell_is_full_is_in_time() -> None:
    late = [*sits(2, 8, 8.7, FAR), *sits(2, 8.7, 12, FAR, {TrackId(1): ANN, TrackId(2): ANN})]
    assert count(live([*sits(1, 0, 5), *nobody(5, 8), *late]), "sit") == 1


def test_a_face_that_is_known_after_that_changes_nothing() -> None:
    late = [*sits(2, 8, 9.5, FAR), *sits(2, 9.5, 12, FAR, {TrackId(1): ANN, TrackId(2): ANN})]
    said = live([*sits(1, 0, 5), *nobody(5, 8), *late])
    assert [(one.what, one.track) for one in begun(said, "sit")] == [("sit", 1), ("sit", 2)]


def test_who_gets_up_while_lost_sat_until_seen_last() -> None:
    up = span(7, 10, lambda t: being(t, HERE, "stand", id_=2, first=7))
    said = live([*sits(1, 0, 5), *nobody(5, 7), *up])
    assert (spans(said, "sit"), spans(said, "stand")) == ([(0.0, 4.9)], [(7.0, 9.9)])


def test_the_order_of_tracks_tells_nothing() -> None:
    def crowd(t: float) -> list[Track]:
        return [
            being(t, HERE, "sit" if t < 5 else "stand"),
            being(t, FAR, "lie", id_=2),
            being(t, DOG, "stand", id_=3, kind=Kind.DOG),
        ]

    said = [
        live([Frame(n / 10, tuple(crowd(n / 10)[place] for place in order)) for n in range(100)], (BOWL,))
        for order in itertools.permutations(range(3))
    ]
    assert all(one == said[0] for one in said)
    assert count(said[0], "sit") == count(said[0], "lie") == 1


def test_ends_are_told_before_what_begins() -> None:
    def both(t: float) -> Frame:
        return Frame(
            t, (being(t, FAR, "stand" if t >= 5 else None), being(t, HERE, "sit" if t < 5 else "stand", id_=2))
        )

    conduct, together = Conduct(), []
    for number in range(80):
        frame = both(number / 10)
        conduct, now = behave(conduct, frame.tracks, at(frame.t), (), BehaviourRules(), aspect=1.0)
        together += [now] if any(one.end for one in now) else []
    (changed,) = together
    assert [(one.what, one.track, one.end is not None) for one in changed] == [
        ("sit", 2, True),
        ("stand", 1, False),
        ("stand", 2, False),
    ]


def test_when_nobody_looks_all_is_over_and_who_is_still_there_later_comes_anew() -> None:
    conduct = Conduct()
    for frame in sits(1, 0, 5):
        conduct, _ = behave(conduct, frame.tracks, at(frame.t), (), BehaviourRules(), aspect=1.0)
    left, ends = finish(conduct)
    assert {(one.what, one.end) for one in ends} == {(word, at(4.9)) for word in ("person_entered", "sit", "calm")}
    assert finish(left)[1] == ()
    _, again = behave(left, (being(60.0, HERE),), at(60.0), (), BehaviourRules(), aspect=1.0)
    assert [(one.what, one.start) for one in again] == [("person_entered", at(60.0))]


def test_who_is_away_when_nobody_looks_any_more_is_ended_too() -> None:
    said = live([*sits(1, 0, 5), *nobody(5, 7)])
    assert spans(said, "sit") == [(0.0, 4.9)]


def test_an_empty_picture_costs_and_tells_nothing() -> None:
    conduct = Conduct()
    assert behave(conduct, (), at(0), (BOWL,), BehaviourRules(), aspect=1.0) == (conduct, ())


def test_an_approach_and_a_meal_are_told_of_one_dog() -> None:
    def dog(t: float) -> Track:
        box = near(6 - 0.9 * min(t, 4), wide=1.2) if t < 5 else DOG
        return being(t, box, kind=Kind.DOG)

    said = live(span(0, 15, dog), (BOWL,))
    assert [one.what for one in begun(said, "approach", "eating")] == ["approach", "eating"]
