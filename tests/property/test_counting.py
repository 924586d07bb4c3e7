"""What holds for every line and every way of walking."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from walks import MIDDLE, STILL, Shot, at, instants, moving, net, person, play, seconds, together, upright, walk

from smartlogd.base.geometry import Box, Point, Segment
from smartlogd.base.known import Action, Crossing, CrossingLine, Phase, Side, TrackId
from smartlogd.base.seen import Detection, Kind
from smartlogd.movement.line import Look, begin, inward, watch
from smartlogd.movement.options import PairOptions
from smartlogd.movement.rules import Rules
from smartlogd.movement.scene import Scene, step
from smartlogd.movement.sight import sightings

GRID = 1024  # sums and halves of these fractions are exact, so mirrored arithmetic is too
SIZE = 32 / GRID
LOOKS_APART_S = 0.125  # more than the gap between two pieces of evidence

coordinate = st.integers(200, GRID - 200).map(lambda step: step / GRID)
points = st.builds(Point, coordinate, coordinate)
trace = st.lists(points, min_size=2, max_size=40)


@st.composite
def lines(draw: st.DrawFn) -> CrossingLine:
    """A line at any angle right across the picture, its inside on either hand."""
    middle, turn = draw(points), draw(st.sampled_from(range(24)))
    across, down = (round(3 * GRID * wave(turn * math.pi / 24)) / GRID for wave in (math.cos, math.sin))
    segment = Segment(Point(middle.x - across, middle.y - down), Point(middle.x + across, middle.y + down))
    sides = [Side.ABOVE, Side.BELOW] if abs(across) >= abs(down) else [Side.LEFT, Side.RIGHT]
    return CrossingLine("line", segment, draw(st.sampled_from(sides)), band=draw(st.sampled_from((0.0, 0.02, 0.05))))


def passings(line: CrossingLine, anchors: Sequence[Point], size: float = SIZE) -> list[Crossing]:
    """What one line tells of one lively body that is seen at these places, one after the other."""
    state, told = None, []
    for frame, anchor in enumerate(anchors):
        box = Box.around(anchor, size, size)
        born = Box.around(anchors[0], size, size)
        look = Look(TrackId(1), box, anchor, born, at(0), at(frame * LOOKS_APART_S), 0.8)
        if state is None:
            state = begin(line, look)
            continue
        state, crossing = watch(line, state, look, 0.1)
        if crossing is not None:
            told.append(crossing)
    return told


def actions(told: Sequence[Crossing]) -> list[Action]:
    return [crossing.action for crossing in told]


def clear(line: CrossingLine, point: Point, band: float | None = None) -> bool:
    """Beyond the unsure zone, whichever way the body's own size widens it."""
    return abs(inward(line, point)) > (line.band if band is None else band) + 0.01


# One line and one track: the little machine.


@given(lines(), trace)
def test_passings_of_one_line_by_one_track_alternate(line: CrossingLine, anchors: list[Point]) -> None:
    told = actions(passings(line, anchors))
    assert all(one is not other for one, other in itertools.pairwise(told))


@given(lines(), trace)
def test_walking_the_same_way_backwards_negates_the_count(line: CrossingLine, anchors: list[Point]) -> None:
    assert net(passings(line, anchors)) == -net(passings(line, anchors[::-1]))


@given(lines(), trace)
def test_an_anchor_that_never_leaves_one_side_passes_nothing(line: CrossingLine, anchors: list[Point]) -> None:
    for hand in (1, -1):
        assert passings(line, [anchor for anchor in anchors if inward(line, anchor) * hand >= 0]) == []


@given(lines(), trace)
def test_the_first_passing_starts_on_the_side_where_someone_stood(line: CrossingLine, anchors: list[Point]) -> None:
    before = [anchors[0]] * 2
    assume(clear(line, anchors[0]))
    told = actions(passings(line, [*before, *anchors]))
    expected = Action.OUT if inward(line, anchors[0]) > 0 else Action.IN
    assert told[:1] in ([], [expected])


@given(lines(), points, st.lists(points, max_size=60), points)
def test_whoever_dithers_in_the_unsure_zone_counts_once_and_who_turns_back_not_at_all(
    line: CrossingLine, start: Point, wander: list[Point], end: Point
) -> None:
    assume(clear(line, start))
    assume(clear(line, end))
    unsure = [point for point in wander if abs(inward(line, point)) < max(line.band, 0.001)]
    told = actions(passings(line, [start, start, *unsure, end, end]))
    if (inward(line, start) > 0) == (inward(line, end) > 0):
        assert told == []
        return
    assert told == [Action.IN if inward(line, end) > 0 else Action.OUT]


@given(lines(), st.integers(1, 30))
def test_to_and_fro_across_the_line_within_its_band_is_no_passing(line: CrossingLine, swings: int) -> None:
    middle = line.segment.start.towards(line.segment.end, 0.5)
    length = line.segment.length
    out = ((line.segment.end.y - line.segment.start.y) / length, (line.segment.start.x - line.segment.end.x) / length)
    places = [middle.towards(Point(middle.x + out[0], middle.y + out[1]), share * line.band) for share in (0.9, -0.9)]
    far = [Point(middle.x + 0.2 * out[0], middle.y + 0.2 * out[1])] * 2
    assume(line.band > 0)
    assert passings(line, [*far, *(places * swings), *far]) == []


@given(lines(), trace)
def test_a_passing_is_told_with_the_place_and_time_where_the_line_was_met(
    line: CrossingLine, anchors: list[Point]
) -> None:
    for crossing in passings(line, anchors):
        assert abs(inward(line, crossing.where)) < 1e-9
        assert 0 <= seconds(crossing.stamp) <= (len(anchors) - 1) * LOOKS_APART_S


@given(lines(), trace)
def test_the_other_side_as_inside_swaps_in_and_out(line: CrossingLine, anchors: list[Point]) -> None:
    others = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT, Side.ABOVE: Side.BELOW, Side.BELOW: Side.ABOVE}
    swapped = CrossingLine(line.name, line.segment, others[line.inside], band=line.band)
    assert [action is Action.IN for action in actions(passings(line, anchors))] == [
        action is Action.OUT for action in actions(passings(swapped, anchors))
    ]


@given(lines(), trace)
def test_a_line_drawn_from_its_other_end_tells_the_same(line: CrossingLine, anchors: list[Point]) -> None:
    turned = CrossingLine(line.name, Segment(line.segment.end, line.segment.start), line.inside, band=line.band)
    # Which side a body on the line itself belongs to is a matter of signs, so nobody stands there.
    assume(all(inward(line, anchor) != 0 for anchor in anchors))
    one, other = passings(line, anchors), passings(turned, anchors)
    assert actions(one) == actions(other)
    assert [seconds(c.stamp) for c in one] == pytest.approx([seconds(c.stamp) for c in other], abs=1e-6)


def flipped(point: Point) -> Point:
    return Point(1 - point.x, point.y)


def upside_down(point: Point) -> Point:
    return Point(point.x, 1 - point.y)


@given(lines(), trace, st.sampled_from((flipped, upside_down)))
def test_mirroring_line_and_walk_mirrors_what_is_told(line: CrossingLine, anchors: list[Point], mirror) -> None:  # type: ignore[no-untyped-def]
    sides = {
        flipped: {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT},
        upside_down: {Side.ABOVE: Side.BELOW, Side.BELOW: Side.ABOVE},
    }[mirror]
    segment = Segment(mirror(line.segment.start), mirror(line.segment.end))
    mirrored = CrossingLine(line.name, segment, sides.get(line.inside, line.inside), band=line.band)
    one, other = passings(line, anchors), passings(mirrored, [mirror(anchor) for anchor in anchors])
    assert actions(one) == actions(other)
    assert [c.stamp for c in one] == [c.stamp for c in other]
    for left, right in zip(one, other, strict=True):
        assert mirror(left.where).distance(right.where) < 1e-9


# The whole room: detections in, crossings out.

pace = st.floats(0.08, 0.5)


@st.composite
def ways(draw: st.DrawFn, low: float = 0.15, high: float = 0.85) -> list[tuple[float, float, float]]:
    """A walk of straight legs between places on the picture: (t, x, y) of each turn."""
    stops = [(0.0, draw(st.floats(low, high)), draw(st.floats(0.3, 0.7)))]
    for _ in range(draw(st.integers(1, 4))):
        x, y = draw(st.floats(low, high)), draw(st.floats(0.3, 0.7))
        span = math.hypot(x - stops[-1][1], y - stops[-1][2]) / draw(pace)
        stops.append((stops[-1][0] + max(0.5, span), x, y))
    return stops


@given(ways(), lines())
def test_what_the_room_tells_of_one_walker_alternates(
    way: list[tuple[float, float, float]], line: CrossingLine
) -> None:
    told = play(walk(way), (line,), Rules(debounce_unknown_s=0))
    by_track = {crossing.track: [] for crossing in told.crossings}  # type: ignore[var-annotated]
    for crossing in told.crossings:
        by_track[crossing.track].append(crossing.action)
    assert all(one is not other for acts in by_track.values() for one, other in itertools.pairwise(acts))


@given(ways(), st.lists(lines(), min_size=2, max_size=5))
def test_each_line_tells_what_it_would_tell_alone(
    way: list[tuple[float, float, float]], several: list[CrossingLine]
) -> None:
    several = [
        CrossingLine(f"line {number}", line.segment, line.inside, band=line.band) for number, line in enumerate(several)
    ]
    # Debounce forgives a passing when the way back over any line was logged in between, so it is left out here.
    rules = Rules(debounce_unknown_s=0)
    together_told = play(walk(way), several, rules).crossings
    for line in several:
        alone = play(walk(way), (line,), rules).crossings
        assert [crossing for crossing in together_told if crossing.line == line.name] == list(alone)


@given(ways(), st.sampled_from((flipped, upside_down)), lines())
def test_a_mirrored_scene_tells_the_mirrored_passings(way, mirror, line: CrossingLine) -> None:  # type: ignore[no-untyped-def]
    swaps = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT} if mirror is flipped else {
        Side.ABOVE: Side.BELOW, Side.BELOW: Side.ABOVE
    }  # fmt: skip
    segment = Segment(mirror(line.segment.start), mirror(line.segment.end))
    mirrored = CrossingLine(line.name, segment, swaps.get(line.inside, line.inside), band=line.band)
    turned = [(t, *_sides(mirror(Point(x, y)))) for t, x, y in way]
    one, other = play(walk(way), (line,)), play(walk(turned), (mirrored,))
    assert one.letters == other.letters
    assert [seconds(c.stamp) for c in one.crossings] == pytest.approx(
        [seconds(c.stamp) for c in other.crossings], abs=1e-3
    )


def _sides(point: Point) -> tuple[float, float]:
    return point.x, point.y


@st.composite
def rates(draw: st.DrawFn, end: float) -> list[float]:
    """Instants at 3 to 30 fps, even or as uneven as half the time between two frames."""
    fps, uneven = draw(st.sampled_from((3, 5, 10, 15, 30))), draw(st.sampled_from((0.0, 0.5)))
    times = instants(end, fps)
    shifts = (
        draw(st.lists(st.floats(-0.5, 0.5), min_size=len(times), max_size=len(times))) if uneven else [0.0] * len(times)
    )
    return [max(0.0, t + uneven * shift / fps) for t, shift in zip(times, shifts, strict=True)]


@given(st.data(), st.floats(0.15, 0.4), st.booleans())
def test_the_frame_rate_changes_neither_the_passings_nor_their_times(
    data: st.DataObject, speed: float, rightwards: bool
) -> None:
    # Someone stands for a second, passes the line at up to four body widths a second, stands, and comes back.
    left, right = (0.25, 0.75) if rightwards else (0.75, 0.25)
    span = 0.5 / speed
    way = [
        (0.0, left, 0.5),
        (1.0, left, 0.5),
        (1 + span, right, 0.5),
        (2 + span, right, 0.5),
        (2 + 2 * span, left, 0.5),
    ]
    way.append((way[-1][0] + 1, left, 0.5))
    told = play(walk(way, times=data.draw(rates(way[-1][0]))))
    assert told.letters == ("IO" if rightwards else "OI")
    met = [seconds(crossing.stamp) for crossing in told.crossings]
    assert met == pytest.approx([1 + span / 2, 2 + span * 1.5], abs=0.2)


# Detections of any kind, as a detector gone mad might give them.

loose = st.floats(-0.3, 1.3).map(lambda side: round(side, 3))
detections = st.builds(
    lambda kind, x0, y0, w, h, score: Detection(kind, Box(x0, y0, x0 + w, y0 + h), score),
    st.sampled_from(Kind),
    loose,
    loose,
    st.floats(0, 0.6),
    st.floats(0, 0.9),
    st.floats(0.01, 1),
)
soups = st.lists(st.tuples(st.lists(detections, max_size=6), st.floats(0.0, 1.2)), min_size=1, max_size=12)


def soup_shots(soup: list[tuple[list[Detection], float]]) -> list[Shot]:
    shots, t = [], 0.0
    for seen, span in soup:
        t += span
        shots.append(Shot(t, tuple(seen), moving(found.box for found in seen)))
    return shots


@given(soups)
def test_a_track_id_is_never_given_twice_whatever_is_seen(soup: list[tuple[list[Detection], float]]) -> None:
    scene, gone, newest = Scene(), set(), 0
    for shot in soup_shots(soup):
        scene, _ = step(scene, shot.seen, shot.glance, at(shot.t), (MIDDLE,), Rules())
        ids = [track.id for track in scene.tracks]
        assert len(ids) == len(set(ids))
        assert not gone & set(ids)
        assert all(id_ < scene.next_id for id_ in ids)
        assert scene.next_id >= newest
        gone |= {trail.id for trail in scene.trails if trail.phase is Phase.ENDED}
        newest = scene.next_id


@given(soups)
def test_tracks_stay_on_the_picture_and_their_numbers_finite(soup: list[tuple[list[Detection], float]]) -> None:
    for track in play(soup_shots(soup)).scene.tracks:
        box = track.box
        assert 0 <= box.x0 <= box.x1 <= 1
        assert 0 <= box.y0 <= box.y1 <= 1
        assert math.isfinite(track.velocity.x)
        assert math.isfinite(track.velocity.y)
        assert 0 <= track.score <= 1
        assert track.first.since(track.last) <= 0


@given(soups)
def test_a_step_is_the_same_twice_and_leaves_what_it_was_given(soup: list[tuple[list[Detection], float]]) -> None:
    scene = Scene()
    for shot in soup_shots(soup):
        before = copy.deepcopy(scene)
        seen = list(shot.seen)
        once = step(scene, seen, shot.glance, at(shot.t), [MIDDLE], Rules())
        assert scene == before
        assert seen == list(shot.seen)
        assert step(scene, seen, shot.glance, at(shot.t), [MIDDLE], Rules()) == once
        scene = once[0]


@given(soups, st.randoms(use_true_random=False))
def test_the_order_of_detections_does_not_matter(soup: list[tuple[list[Detection], float]], dice) -> None:  # type: ignore[no-untyped-def]
    shots = soup_shots(soup)
    shuffled = [Shot(shot.t, tuple(dice.sample(shot.seen, len(shot.seen))), shot.glance) for shot in shots]
    assert play(shots) == play(shuffled)
    for one, other in zip(shots, shuffled, strict=True):
        assert sightings(one.seen) == sightings(other.seen)


@given(soups)
def test_nobody_is_made_up_where_nothing_is_seen(soup: list[tuple[list[Detection], float]]) -> None:
    shots = [Shot(shot.t, (), shot.glance) for shot in soup_shots(soup)]
    told = play(shots)
    assert (told.crossings, told.behaviours, told.scene.tracks) == ((), (), ())


@given(soups)
def test_what_never_moves_is_never_anyone(soup: list[tuple[list[Detection], float]]) -> None:
    told = play(Shot(shot.t, shot.seen, STILL) for shot in soup_shots(soup))
    assert (told.crossings, told.behaviours) == ((), ())


# SmartLog's pair of lines, and lines that change while people walk.


@given(st.floats(0.15, 0.6), st.booleans(), st.floats(0.3, 0.7))
def test_of_the_pair_the_left_line_tells_only_in_and_the_right_only_out(
    speed: float, rightwards: bool, height: float
) -> None:
    ends = (0.1, 0.9) if rightwards else (0.9, 0.1)
    told = play(
        walk([(0, ends[0], height), (1, ends[0], height), (1 + 0.8 / speed, ends[1], height)]),
        PairOptions().crossing_lines(),
    )
    expected = [("left", Action.IN)] if rightwards else [("right", Action.OUT)]
    assert [(crossing.line, crossing.action) for crossing in told.crossings] == expected


@given(ways(), ways())
def test_the_pair_tells_nothing_else_whatever_way_people_walk(one, other) -> None:  # type: ignore[no-untyped-def]
    end = max(one[-1][0], other[-1][0])
    told = play(
        together(walk(one, times=instants(end)), walk(other, times=instants(end))), PairOptions().crossing_lines()
    )
    assert {(crossing.line, crossing.action) for crossing in told.crossings} <= {
        ("left", Action.IN),
        ("right", Action.OUT),
    }


@given(ways(), st.integers(0, 40), st.lists(lines(), max_size=3))
def test_changed_lines_keep_tracks_ids_and_the_lines_that_stay(
    way, changed_at: int, others: list[CrossingLine]
) -> None:  # type: ignore[no-untyped-def]
    others = [CrossingLine(f"new {number}", line.segment, line.inside) for number, line in enumerate(others)]
    shots, rules = walk(way), Rules(debounce_unknown_s=0)
    unchanged = play(shots, (MIDDLE,), rules)
    first = play(shots[:changed_at], (MIDDLE,), rules)
    second = play(shots[changed_at:], (MIDDLE, *others), rules, first.scene)
    assert second.scene.trails == unchanged.scene.trails
    assert second.scene.next_id == unchanged.scene.next_id
    stayed = [crossing for crossing in (*first.crossings, *second.crossings) if crossing.line == MIDDLE.name]
    assert stayed == list(unchanged.crossings)


@given(st.floats(0.55, 0.7))
def test_a_line_that_is_added_tells_only_what_happens_after_it(new_x: float) -> None:
    shots = walk([(0, 0.2, 0.5), (1, 0.2, 0.5), (5, 0.9, 0.5)])
    at_half = next(number for number, shot in enumerate(shots) if shot.t > 2.5)  # now at about 0.46
    first = play(shots[:at_half], (upright(0.3, "old"),))
    second = play(shots[at_half:], (upright(0.35, "behind"), upright(new_x, "ahead")), scene=first.scene)
    assert [crossing.line for crossing in (*first.crossings, *second.crossings)] == ["old", "ahead"]
    assert {crossing.track for crossing in (*first.crossings, *second.crossings)} == {1}


@pytest.mark.parametrize(("wait", "expected"), [(1.0, "I"), (16.0, "II")])
def test_in_the_pair_the_same_way_again_is_told_only_after_the_debounce(wait: float, expected: str) -> None:
    # The way back over the left line is not told, so nothing lies between the two times in.
    way = [(0, 0.1, 0.5), (1, 0.1, 0.5), (3, 0.5, 0.5), (5, 0.1, 0.5), (5 + wait, 0.1, 0.5), (7 + wait, 0.5, 0.5)]
    way.append((8 + wait, 0.5, 0.5))
    assert play(walk(way), PairOptions().crossing_lines()).letters == expected


# The four edges of the picture, as a camera that looks straight down sees people come and go.


def quarter_turned(box: Box, quarters: int) -> Box:
    for _ in range(quarters):
        box = Box(1 - box.y1, box.x0, 1 - box.y0, box.x1)
    return box


def from_the_left(speed: float, fps: float, size: float, quarters: int, *, leaving: bool) -> list[Shot]:
    """Someone who walks in through the left edge to 0.8 (or that way out), the picture turned by quarters."""
    way = (0.8 + size) / speed
    shots = []
    for t in instants(way + 0.5, fps):
        x = -size / 2 + speed * (max(0.0, way - t) if leaving else min(t, way))
        seen = Box.around(Point(x, 0.5), size, 0.25).clipped()
        body = quarter_turned(seen, quarters)
        is_found = seen.width > 0.3 * size
        shots.append(Shot(t, (person(body),) if is_found else (), moving([body])))
    return shots


EDGES = (Side.RIGHT, Side.BELOW, Side.LEFT, Side.ABOVE)
hurry, rate, breadth, quarter = (
    st.floats(0.15, 0.5),
    st.sampled_from((5, 10, 15, 30)),
    st.floats(0.1, 0.25),
    st.integers(0, 3),
)


def beside_the_edge(at_x: float, quarters: int) -> CrossingLine:
    end = quarter_turned(Box(at_x, 0.0, at_x, 1.0), quarters)
    return CrossingLine("near", Segment(Point(end.x0, end.y0), Point(end.x1, end.y1)), EDGES[quarters])


@given(st.floats(0.04, 0.5), hurry, rate, breadth, quarter)
def test_who_comes_in_through_any_edge_passes_the_line_before_it_once(
    at_x: float, speed: float, fps: int, size: float, quarters: int
) -> None:
    shots = from_the_left(speed, fps, size, quarters, leaving=False)
    assert play(shots, (beside_the_edge(at_x, quarters),)).letters == "I"


@given(st.floats(0.04, 0.5), hurry, rate, breadth, quarter)
def test_who_goes_out_through_any_edge_passes_the_line_before_it_once(
    at_x: float, speed: float, fps: int, size: float, quarters: int
) -> None:
    # Before an edge nearer than half a body nobody's middle gets past the line: the leaving itself is the evidence.
    # It takes a few looks while the edge hides more and more, so nobody runs out of the picture between two frames.
    assume(speed / fps < 0.25 * size)
    shots = from_the_left(speed, fps, size, quarters, leaving=True)
    empty = [Shot(shots[-1].t + span, (), STILL) for span in instants(4.0, 5, 0.2)]
    assert play([*shots, *empty], (beside_the_edge(at_x, quarters),)).letters == "O"
