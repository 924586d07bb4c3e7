from __future__ import annotations

import itertools
from collections.abc import Callable
from uuid import UUID

import pytest
from beings import Frame, begun, being, live, near, span, spans

from smartlogd.base.geometry import Box
from smartlogd.base.known import Behaviour, TrackId
from smartlogd.base.seen import Kind
from smartlogd.base.who import Who
from smartlogd.movement.fetch import LIFE, State

Where = tuple[float, float, float]


def route(*stops: Where) -> Callable[[float], Box]:
    """A dog's box on its way along (t, how far away, how far to the right), in its own sizes."""

    def at_time(t: float) -> Box:
        for (t0, z0, x0), (t1, z1, x1) in itertools.pairwise(stops):
            if t <= t1:
                share = max(0.0, t - t0) / (t1 - t0)
                return near(z0 + (z1 - z0) * share, x0 + (x1 - x0) * share, wide=0.8)
        return near(stops[-1][1], stops[-1][2], wide=0.8)

    return at_time


def told(where: Callable[[float], Box], end: float, fps: float = 10.0, kind: Kind = Kind.DOG) -> list[Behaviour]:
    return begun(live(span(0, end, lambda t: being(t, where(t), kind=kind), fps)), "fetch_return")


COMES = ((0.0, 7.0, 0.0), (1.0, 7.0, 0.0), (4.0, 2.5, 0.0), (5.0, 2.5, 0.0))


@pytest.mark.parametrize("fps", [2.0, 3.0, 5.0, 10.0, 30.0])
@pytest.mark.parametrize("kind", [Kind.DOG, Kind.PERSON])
def test_who_approaches_goes_out_and_is_back_in_time_has_fetched(fps: float, kind: Kind) -> None:
    (one,) = told(route(*COMES, (6.5, 8.0, 0.0), (7.5, 8.0, 0.0), (10.0, 2.5, 0.0), (20.0, 2.5, 0.0)), 20, fps, kind)
    assert one.data == {"success": True, "cue": "approach"}
    assert one.end is not None
    assert 4.5 < one.start.mono_ns / 1e9 < 6.1
    assert 8.0 < one.end.mono_ns / 1e9 < 11.0


def test_three_throws_are_three() -> None:
    stops, t = [*COMES], 5.0
    for _ in range(3):
        stops += [(t + 1.5, 8.0, 1.0), (t + 2.5, 8.0, 1.0), (t + 5.0, 2.5, 0.0), (t + 7.0, 2.5, 0.0)]
        t += 7.0
    assert [one.data["success"] for one in told(route(*stops), t + 5)] == [True, True, True]


def test_who_runs_out_and_stays_out_has_failed_after_ten_seconds() -> None:
    (one,) = told(route(*COMES, (6.5, 8.0, 0.0), (30.0, 8.0, 0.0)), 30)
    assert one.data == {"success": False, "cue": "approach"}
    assert one.end is not None
    assert one.end.since(one.start) == pytest.approx(10)


def test_who_comes_back_too_late_has_failed_and_is_told_once() -> None:
    late = told(route(*COMES, (6.5, 8.0, 0.0), (18.0, 8.0, 0.0), (21.0, 2.5, 0.0), (40.0, 2.5, 0.0)), 40)
    assert [one.data["success"] for one in late] == [False]


def test_walking_away_after_coming_is_not_fetching() -> None:
    assert told(route(*COMES, (11.0, 9.0, 0.0), (40.0, 9.0, 0.0)), 40) == []


def test_without_an_approach_nobody_fetches() -> None:
    there = route((0.0, 2.5, 0.0), (6.0, 2.5, 0.0), (7.5, 8.0, 0.0), (10.0, 2.5, 0.0), (20.0, 2.5, 0.0))
    assert told(there, 20) == []


def test_an_approach_long_ago_is_none() -> None:
    later = route(*COMES, (18.0, 2.5, 0.0), (19.5, 8.0, 0.0), (22.0, 2.5, 0.0), (30.0, 2.5, 0.0))
    assert told(later, 30) == []


def test_who_only_shifts_about_after_coming_has_not_gone_out() -> None:
    assert told(route(*COMES, (7.0, 3.2, 0.3), (9.0, 2.5, 0.0), (30.0, 2.5, 0.0)), 30) == []


def beside(dog: Callable[[float], Box], end: float) -> list[Behaviour]:
    """A dog and a person who stands at the left of where it sets out."""
    man = Box(0.2, 0.2, 0.35, 0.95)
    frames = []
    for number in range(round(end * 10)):
        t = number / 10
        frames.append(Frame(t, (being(t, man, id_=9), being(t, dog(t), kind=Kind.DOG))))
    return begun(live(frames), "fetch_return")


def test_a_dog_that_dashes_off_from_beside_a_person_and_comes_back_has_fetched() -> None:
    dash = route((0.0, 3.0, 0.0), (6.0, 3.0, 0.0), (7.5, 9.0, 2.0), (11.0, 3.0, 0.0), (15.0, 3.0, 0.0))
    assert [one.data for one in beside(dash, 15)] == [{"success": True, "cue": "beside_person"}]


def test_one_that_skips_off_and_is_back_at_once_has_fetched_nothing() -> None:
    skip = route((0.0, 3.0, 0.0), (6.0, 3.0, 0.0), (6.9, 7.0, 1.0), (7.8, 3.0, 0.0), (12.0, 3.0, 0.0))
    assert beside(skip, 12) == []


def test_one_that_strolls_off_and_comes_back_has_not() -> None:
    stroll = route((0.0, 3.0, 0.0), (6.0, 3.0, 0.0), (11.0, 9.0, 2.0), (15.0, 3.0, 0.0), (20.0, 3.0, 0.0))
    assert beside(stroll, 20) == []


def test_one_that_dashes_off_far_from_anybody_has_not() -> None:
    man = Box(0.02, 0.2, 0.1, 0.5)
    dash = route((0.0, 3.0, 1.0), (6.0, 3.0, 1.0), (7.5, 9.0, 2.0), (11.0, 3.0, 1.0), (15.0, 3.0, 1.0))
    frames = [
        Frame(n / 10, (being(n / 10, man, id_=9), being(n / 10, dash(n / 10), kind=Kind.DOG))) for n in range(150)
    ]
    assert begun(live(frames), "fetch_return") == []


GONE = (5.8, 2.5, -2.2)


@pytest.mark.parametrize("is_known", [True, False])
def test_who_leaves_the_picture_and_comes_back_as_another_track_has_fetched(*, is_known: bool) -> None:
    goes, comes = route(*COMES, GONE), route((9.0, 2.5, -2.2), (10.5, 2.5, 0.0), (20.0, 2.5, 0.0))
    who = Who(UUID(int=7), is_known=False)
    whom = {TrackId(1): who, TrackId(2): who} if is_known else {}
    out = [Frame(one.t, one.tracks, whom) for one in span(0, 5.8, lambda t: being(t, goes(t), kind=Kind.DOG))]
    nobody = [Frame(one.t, (), whom) for one in span(5.8, 9, lambda _: None)]
    back = [
        Frame(one.t, one.tracks, whom)
        for one in span(9, 20, lambda t: being(t, comes(t), kind=Kind.DOG, id_=2, first=9))
    ]
    (one,) = begun(live([*out, *nobody, *back]), "fetch_return")
    assert one.data["success"] is True


def test_who_leaves_the_picture_for_good_has_not_failed_at_anything() -> None:
    goes = route(*COMES, GONE)
    left = [*span(0, 5.8, lambda t: being(t, goes(t), kind=Kind.DOG)), *span(5.8, 40, lambda _: None)]
    assert begun(live(left), "fetch_return") == []


def test_a_dog_that_dashes_out_of_the_picture_and_stays_away_has_failed() -> None:
    goes = route(*COMES, (6.5, 8.0, 0.0))
    left = [*span(0, 6.5, lambda t: being(t, goes(t), kind=Kind.DOG)), *span(6.5, 40, lambda _: None)]
    said = live(left)
    assert [one.data["success"] for one in begun(said, "fetch_return")] == [False]
    assert spans(said, "dog_detected") == [(0.0, 6.4)]


def test_who_is_lost_in_the_picture_after_coming_has_not_gone_out() -> None:
    there = route(*COMES)
    lost = [*span(0, 6, lambda t: being(t, there(t), kind=Kind.DOG)), *span(6, 8, lambda _: None)]
    found = span(8, 20, lambda t: being(t, there(t), kind=Kind.DOG, id_=2, first=8))
    assert begun(live([*lost, *found]), "fetch_return") == []


def test_the_table_leads_from_every_state_back_to_rest() -> None:
    assert set(LIFE) == set(State)
    assert LIFE[State.REST] == {"cue": State.CUED}
    assert all(State.REST in ways.values() for state, ways in LIFE.items() if state is not State.REST)
