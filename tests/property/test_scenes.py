"""Whole scenes with a known truth: counted exactly by a sure detector, and nearly so by one that errs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from crowd import (
    Errors,
    Pillar,
    Play,
    Walker,
    across,
    dithering,
    ended,
    made,
    seen_by,
    towards,
    turning_back,
)
from walks import MIDDLE, Told, feet, play, seconds, upright

from smartlogd.base.geometry import Box, Point, Segment
from smartlogd.base.known import Action, CrossingLine, Side

LATE_S = 0.25
THRESHOLD = CrossingLine("threshold", Segment(Point(0, 0.8), Point(1, 0.8)), Side.ABOVE)


def wrong(told: Told, truth: Sequence[tuple[float, Action]], tolerance_s: float) -> int:
    """Passings missed and passings made up, matched one to one."""
    left = list(truth)
    false = 0
    for crossing in told.crossings:
        near = [
            one for one in left if one[1] is crossing.action and abs(one[0] - seconds(crossing.stamp)) <= tolerance_s
        ]
        if not near:
            false += 1
            continue
        left.remove(min(near, key=lambda one: abs(one[0] - seconds(crossing.stamp))))
    return len(left) + false


def scene(*walkers: Walker, **more: object) -> Play:
    return Play(walkers, ended(walkers), **more)  # type: ignore[arg-type]


def is_counted(shown: Play, expected: str, line: CrossingLine = MIDDLE) -> None:
    """The truth is what the test's author meant, and movement tells it, each passing in its moment."""
    truth = shown.passings(line)
    assert "".join(action.value for _, action in truth) == expected
    told = play(shown.shots(), (line,))
    assert told.letters == expected
    assert wrong(told, truth, LATE_S) == 0


@pytest.mark.parametrize("part", range(4))
def test_before_a_sure_detector_every_passing_is_counted_and_no_other(part: int) -> None:
    for seed in range(part, 64, 4):
        shown = made(seed)
        assert wrong(play(shown.shots()), shown.passings(MIDDLE), LATE_S) == 0, f"scene {seed}"


@pytest.mark.parametrize(
    ("errors", "allowed"),
    [
        pytest.param(Errors(missed=0.1, jitter=0.03, doubled=0.1, weak=0.1), 0.03, id="a good day"),
        pytest.param(Errors(missed=0.2, jitter=0.05, doubled=0.1, weak=0.2), 0.04, id="a bad day"),
        pytest.param(Errors(missed=0.4, jitter=0.05, doubled=0.1, weak=0.2), 0.13, id="a terrible day"),
    ],
)
def test_an_erring_detector_costs_few_passings(errors: Errors, allowed: float) -> None:
    # Some of these scenes cannot be told even by eye: a post that flickers on the line itself while someone
    # dithers before it, seen in every second frame of five a second.
    passings = mistakes = 0
    for seed in range(100):
        shown = seen_by(made(seed), errors, seed)
        truth = shown.passings(MIDDLE)
        passings += len(truth)
        mistakes += wrong(play(shown.shots()), truth, tolerance_s=0.8)
    assert passings > 250
    assert mistakes <= allowed * passings, f"{mistakes} of {passings}"


@pytest.mark.parametrize("fps", [3, 5, 10, 30])
@pytest.mark.parametrize("speed", [0.3, 1.2, 2.5])
def test_someone_slow_or_quick_near_or_far_is_counted_once_at_any_frame_rate(fps: int, speed: float) -> None:
    for depth in (3.5, 8.0):
        is_counted(scene(across(0.5, depth, speed), fps=fps), "I")
        is_counted(scene(across(0.5, depth, speed, rightwards=False), fps=fps), "O")


@pytest.mark.parametrize("speed", [0.6, 1.4])
def test_someone_who_is_hidden_for_up_to_two_seconds_right_on_the_line_is_counted_once(speed: float) -> None:
    depth = 5.0
    gap = 1.6 * speed * 0.866 / depth  # hidden from edge to edge of the pillar, give or take a body
    pillar = Pillar(Box(0.5 - gap / 2, 0, 0.5 + gap / 2, 1), depth_m=2.5)
    shown = scene(across(0.5, depth, speed), pillars=(pillar,))
    ((met, _),) = shown.passings(MIDDLE)
    unseen = [shot.t for shot in shown.shots() if abs(shot.t - met) < 1.5 and not shot.seen]
    assert 0.8 < max(unseen) - min(unseen) < 2.0
    is_counted(shown, "I")


@pytest.mark.parametrize("depth", [3.5, 5.0, 7.0])
def test_two_who_cross_each_others_way_are_counted_each_in_their_direction(depth: float) -> None:
    for apart in (0.3, 1.0, 2.0):
        shown = scene(across(0.5, depth, 1.2), across(0.7, depth + apart, 1.2, rightwards=False))
        assert sorted(play(shown.shots()).letters) == ["I", "O"]


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_four_who_follow_each_other_a_stride_apart_are_four(fps: int) -> None:
    # 0.8 m from one to the next: less than a step and a half.
    for speed in (0.6, 1.2, 2.0):
        is_counted(scene(*(across(0.5 + place * 0.8 / speed, 5.0, speed) for place in range(4)), fps=fps), "IIII")


@pytest.mark.parametrize("depth", [3.5, 5.0, 7.0])
def test_two_who_walk_side_by_side_are_two(depth: float) -> None:
    # The one farther away is half hidden by the nearer one, a little behind, and passes a moment later.
    for speed in (0.6, 1.2, 2.0):
        near = across(0.5, depth, speed)
        far = Walker(tuple((t, x - 0.4, z + 0.8) for t, x, z in near.stops))
        is_counted(scene(near, far), "II")


@pytest.mark.parametrize("goes_on", [True, False])
@pytest.mark.parametrize("fps", [5, 10, 30])
def test_someone_who_dithers_on_the_line_is_counted_once_or_not_at_all(fps: int, goes_on: bool) -> None:
    for depth in (3.5, 5.0, 7.0):
        is_counted(scene(dithering(0.5, depth, 1.2, 9, goes_on=goes_on), fps=fps), "I" if goes_on else "")


@pytest.mark.parametrize(("turns_at", "expected"), [(0.44, ""), (0.505, ""), (0.75, "IO")])
def test_someone_who_turns_back_is_counted_only_when_they_really_passed(turns_at: float, expected: str) -> None:
    for depth in (3.5, 5.0, 7.0):
        is_counted(scene(turning_back(0.5, depth, 1.2, turns_at)), expected)


@pytest.mark.parametrize("near_edge", [0.08, 0.92])
def test_someone_who_comes_through_the_pictures_edge_beside_the_line_is_counted(near_edge: float) -> None:
    # The line stands so near the edge that someone entering is already upon it when first seen.
    line = upright(near_edge)
    for speed in (0.6, 1.2):
        for depth in (3.5, 5.0):
            is_counted(scene(across(0.5, depth, speed)), "I", line)
            is_counted(scene(across(0.5, depth, speed, rightwards=False)), "O", line)


@pytest.mark.parametrize("speed", [0.6, 1.2])
def test_someone_who_walks_in_over_the_lower_edge_passes_the_threshold_with_their_feet(speed: float) -> None:
    # At 2.5 m the feet are below the picture, which cuts the body off; the threshold is met 5.6 m away.
    away = scene(towards(0.5, 0.2, 2.5, 9.0, speed, away=True))
    assert play(away.shots(), (feet(THRESHOLD),)).letters == "I"
    back = scene(towards(0.5, 0.2, 2.5, 9.0, speed))
    assert play(back.shots(), (feet(THRESHOLD),)).letters == "O"


def test_a_post_that_looks_like_someone_and_flickers_on_the_line_is_nobody() -> None:
    shown = Play((), 30.0, posts=(Box(0.46, 0.4, 0.54, 0.8), Box(0.49, 0.2, 0.53, 0.4)), seed=1)
    assert sum(bool(shot.seen) for shot in shown.shots()) > 100
    told = play(shown.shots())
    assert told.crossings == ()
    assert told.behaviours == ()


def test_a_body_found_twice_is_one_who_passes() -> None:
    for seed in range(10):
        shown = scene(across(0.5, 5.0, 1.2), errors=Errors(doubled=0.7, jitter=0.03), seed=seed)
        assert play(shown.shots()).letters == "I"
