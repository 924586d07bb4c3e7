from __future__ import annotations

import itertools
import math

import pytest
from beings import HERE, begun, being, count, live, near, span

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Kind


def walk(t: float, *stops: tuple[float, float]) -> float:
    """How far away at `t` somebody is who is at each distance at each time, straight in between."""
    for (t0, one), (t1, other) in itertools.pairwise(stops):
        if t <= t1:
            return one + (other - one) * max(0.0, t - t0) / (t1 - t0)
    return stops[-1][1]


@pytest.mark.parametrize("fps", [2.0, 3.0, 5.0, 10.0, 30.0])
@pytest.mark.parametrize("kind", list(Kind)[1:3])
def test_who_walks_up_to_the_camera_approaches_once(fps: float, kind: Kind) -> None:
    def body(t: float) -> Box:
        return near(walk(t, (3, 6.0), (8, 1.6)))

    (told,) = begun(live(span(0, 15, lambda t: being(t, body(t), kind=kind), fps)), "approach")
    assert told.end is not None
    assert 2.3 <= told.start.mono_ns / 1e9 < told.end.mono_ns / 1e9 < 8
    assert told.end.since(told.start) <= 3.0


def test_who_walks_away_or_across_does_not() -> None:
    away = span(0, 8, lambda t: being(t, near(1.6 + 0.8 * t)))
    across = span(0, 8, lambda t: being(t, near(3.0, -1.5 + 0.4 * t)))
    assert count(live(away), "approach") == count(live(across), "approach") == 0


def test_who_strolls_nearer_takes_too_long_to_be_told() -> None:
    assert count(live(span(0, 40, lambda t: being(t, near(walk(t, (0, 6.0), (35, 2.0)))))), "approach") == 0


def test_getting_up_turning_round_and_bending_are_no_approach() -> None:
    def stirring(t: float) -> Box:
        high, wide = 1 + 0.6 * (t % 20 >= 10), 1 + 0.8 * (5 <= t % 20 < 15)
        return Box(0.5 - 0.06 * wide, 0.8 - 0.3 * high, 0.5 + 0.06 * wide, 0.8)

    assert count(live(span(0, 60, lambda t: being(t, stirring(t)))), "approach") == 0


def test_who_comes_in_over_the_edge_does_not_approach_by_that() -> None:
    def entering(t: float) -> Box:
        return Box(-0.3 + 0.2 * t, 0.3, 0.2 * t, 0.9)

    assert count(live(span(0.1, 4, lambda t: being(t, entering(t).clipped()))), "approach") == 0


def test_who_comes_in_from_below_head_first_does_not_approach_by_that() -> None:
    def entering(t: float) -> Box:
        return Box.around(Point(0.5, 1.35 - 0.5 * min(t, 1)), 0.08 + 0.2 * min(t, 1), 0.9).clipped()

    assert count(live(span(0, 6, lambda t: being(t, entering(t)))), "approach") == 0


def test_who_stops_and_comes_on_approaches_twice() -> None:
    def body(t: float) -> Box:
        return near(walk(t, (2, 9.0), (6, 4.0), (12, 4.0), (15, 1.5)))

    assert count(live(span(0, 20, lambda t: being(t, body(t)))), "approach") == 2


def test_one_who_dithers_on_the_way_approaches_once() -> None:
    def body(t: float) -> Box:
        return near(walk(t, (2, 6.0), (7, 2.0)) * (1 + 0.04 * math.sin(7 * t)))

    assert count(live(span(0, 20, lambda t: being(t, body(t)))), "approach") == 1


def test_who_keeps_still_does_not_approach() -> None:
    assert count(live(span(0, 20, lambda t: being(t, HERE))), "approach") == 0
