from __future__ import annotations

import pytest
from walks import LEVEL, MIDDLE, at, upright

from smartlogd.base.geometry import Box, Point, Segment
from smartlogd.base.known import Action, Anchor, Crossing, CrossingLine, Side, TrackId
from smartlogd.movement.line import PASSAGE, Look, Place, Sign, Watch, anchor_of, begin, departed, inward, watch

SIZE = (0.1, 0.4)


def look(
    x: float, t: float, *, y: float = 0.5, born: Box | None = None, first: float = 0.0, alive: bool = True
) -> Look:
    box = Box.around(Point(x, y), *SIZE)
    return Look(TrackId(3), box, box.centre, born or Box.around(Point(0.3, y), *SIZE), at(first), at(t), 0.7, alive)


def told(line: CrossingLine, looks: list[Look]) -> list[Crossing]:
    state = begin(line, looks[0])
    crossings = []
    for each in looks[1:]:
        state, crossing = watch(line, state, each, 0.1)
        crossings += [crossing] if crossing else []
    return crossings


def seen_at(*places: float, every_s: float = 0.2, **more: object) -> list[Look]:
    return [look(x, number * every_s, **more) for number, x in enumerate(places)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "end", "inside", "within"),
    [
        ((0.5, 0.0), (0.5, 1.0), Side.RIGHT, (0.8, 0.5)),
        ((0.5, 1.0), (0.5, 0.0), Side.RIGHT, (0.8, 0.5)),
        ((0.5, 0.0), (0.5, 1.0), Side.LEFT, (0.2, 0.5)),
        ((0.0, 0.5), (1.0, 0.5), Side.ABOVE, (0.5, 0.2)),
        ((1.0, 0.5), (0.0, 0.5), Side.ABOVE, (0.5, 0.2)),
        ((0.0, 0.5), (1.0, 0.5), Side.BELOW, (0.5, 0.8)),
        ((0.2, 0.0), (0.8, 1.0), Side.RIGHT, (0.8, 0.2)),
        ((0.2, 0.0), (0.8, 1.0), Side.ABOVE, (0.8, 0.2)),
        ((0.2, 1.0), (0.8, 0.0), Side.LEFT, (0.2, 0.2)),
    ],
)
def test_the_inside_is_where_the_picture_shows_it(
    start: tuple[float, float], end: tuple[float, float], inside: Side, within: tuple[float, float]
) -> None:
    line = CrossingLine("line", Segment(Point(*start), Point(*end)), inside)
    assert inward(line, Point(*within)) > 0
    assert inward(line, Point(1 - within[0], 1 - within[1])) < 0


def test_the_table_knows_every_place_and_passes_only_with_evidence_of_the_other_side() -> None:
    assert set(PASSAGE) == set(Place)
    passings = {(place, sign): found for place, row in PASSAGE.items() for sign, found in row.items() if found[1]}
    assert set(passings) == {
        (Place.ENTERING, Sign.IN),
        (Place.LEAVING, Sign.OUT),
        (Place.EDGE_OUTSIDE, Sign.EMERGED),
        (Place.EDGE_INSIDE, Sign.EMERGED),
    }
    for place, action in passings.values():
        assert place is (Place.INSIDE if action is Action.IN else Place.OUTSIDE)


def test_two_looks_on_either_side_make_a_passing_met_in_between() -> None:
    (crossing,) = told(MIDDLE, seen_at(0.2, 0.3, 0.4, 0.6, 0.7))
    assert (crossing.line, crossing.action, crossing.track) == ("middle", Action.IN, 3)
    assert crossing.stamp.since(at(0.5)) == pytest.approx(0)
    assert (crossing.where.x, crossing.where.y) == pytest.approx((0.5, 0.5))
    assert crossing.confidence == 0.7


def test_one_look_on_the_other_side_is_no_passing() -> None:
    assert told(MIDDLE, seen_at(0.2, 0.3, 0.7, 0.3, 0.2)) == []
    assert told(MIDDLE, seen_at(0.3, 0.7, 0.3, 0.7, 0.3)) == []


def test_the_way_back_is_the_next_passing() -> None:
    assert [c.action for c in told(MIDDLE, seen_at(0.2, 0.3, 0.7, 0.8, 0.3, 0.2, 0.7, 0.8))] == [
        Action.IN,
        Action.OUT,
        Action.IN,
    ]


def test_a_look_right_after_another_proves_nothing_new() -> None:
    quick = [look(0.3, 0), look(0.3, 0.2), look(0.7, 0.4), look(0.7, 0.43), look(0.7, 0.46)]
    assert told(MIDDLE, quick) == []
    assert len(told(MIDDLE, [*quick, look(0.7, 0.51)])) == 1


def test_what_does_not_move_passes_nothing_but_its_place_is_learned() -> None:
    dead = seen_at(0.3, 0.3, 0.7, 0.7, 0.7, alive=False)
    assert told(MIDDLE, dead) == []
    risen = [*seen_at(0.3, 0.3, alive=False), *[look(x, 1 + n * 0.2) for n, x in enumerate((0.7, 0.7))]]
    assert [c.action for c in told(MIDDLE, risen)] == [Action.IN]


def test_a_big_body_must_come_further_than_a_small_one() -> None:
    wide = [
        Look(TrackId(1), Box(x - 0.4, 0, x + 0.4, 1), Point(x, 0.5), Box(0.2, 0.1, 0.4, 0.9), at(0), at(t), 0.8)
        for t, x in ((0, 0.4), (1, 0.4), (2, 0.525), (3, 0.525))
    ]
    assert told(MIDDLE, wide) == []
    assert len(told(MIDDLE, seen_at(0.4, 0.4, 0.525, 0.525))) == 1


@pytest.mark.parametrize(("y", "expected"), [(0.3, 1), (0.52, 1), (0.6, 0), (0.9, 0)])
def test_a_line_ends_a_little_beyond_where_it_is_drawn(y: float, expected: int) -> None:
    half = CrossingLine("half", Segment(Point(0.5, 0), Point(0.5, 0.5)), Side.RIGHT)
    assert len(told(half, seen_at(0.2, 0.3, 0.7, 0.8, y=y))) == expected


def test_who_walked_round_the_end_of_a_line_has_changed_sides_all_the_same() -> None:
    half = CrossingLine("half", Segment(Point(0.5, 0), Point(0.5, 0.5)), Side.RIGHT)
    round_the_end = [look(x, n * 0.2, y=0.8) for n, x in enumerate((0.2, 0.3, 0.7, 0.8))]
    through = [look(x, 1 + n * 0.2, y=0.3) for n, x in enumerate((0.7, 0.3, 0.2))]
    assert [c.action for c in told(half, [*round_the_end, *through])] == [Action.OUT]


def emerging(line: CrossingLine, boxes: list[Box], every_s: float = 0.2) -> list[Crossing]:
    return told(
        line,
        [
            Look(TrackId(1), box, box.centre, boxes[0], at(0), at(number * every_s), 0.8)
            for number, box in enumerate(boxes)
        ],
    )


# From each edge of the picture: first seen as a part whose middle is past the line already, then whole.
BY_THE_LEFT = [Box(0.0, 0.3, 0.13, 0.7), Box(0.02, 0.3, 0.2, 0.7), Box(0.08, 0.3, 0.26, 0.7), Box(0.2, 0.3, 0.38, 0.7)]


def turned(box: Box, quarter: int) -> Box:
    for _ in range(quarter):
        box = Box(1 - box.y1, box.x0, 1 - box.y0, box.x1)
    return box


@pytest.mark.parametrize("quarter", range(4))
@pytest.mark.parametrize("inner", [True, False])
def test_who_came_through_an_edge_beyond_the_line_has_passed_when_out_of_it(quarter: int, inner: bool) -> None:
    end = turned(Box(0.04, 0.0, 0.04, 1.0), quarter)
    line_sides = [(Side.RIGHT, Side.LEFT), (Side.BELOW, Side.ABOVE), (Side.LEFT, Side.RIGHT), (Side.ABOVE, Side.BELOW)]
    line = CrossingLine("near", Segment(Point(end.x0, end.y0), Point(end.x1, end.y1)), line_sides[quarter][not inner])
    (crossing,) = emerging(line, [turned(box, quarter) for box in BY_THE_LEFT])
    assert crossing.action is (Action.IN if inner else Action.OUT)
    assert crossing.stamp == at(0)


def test_who_stays_half_in_the_edge_has_not_passed_and_is_then_taken_as_standing_there() -> None:
    stays = [BY_THE_LEFT[0]] * 15  # three seconds
    near = upright(0.04)
    assert emerging(near, stays) == []
    assert emerging(near, [*stays, *[Box(0.1, 0.3, 0.28, 0.7)] * 5]) == []
    # From there, the way out is a passing.
    leaves = [Box(0.0, 0.3, 0.03, 0.7)] * 3
    assert [c.action for c in emerging(near, [*stays, *[Box(0.1, 0.3, 0.28, 0.7)] * 3, *leaves])] == [Action.OUT]


@pytest.mark.parametrize(("inside", "action"), [(Side.RIGHT, Action.IN), (Side.LEFT, Action.OUT)])
def test_who_shows_on_the_outer_side_first_passes_in_the_usual_way(inside: Side, action: Action) -> None:
    far = [Box(x, 0.3, x + 0.1, 0.7) for x in (0.0, 0.05, 0.1, 0.3, 0.35, 0.45)]
    (crossing,) = emerging(upright(0.3, inside=inside), far)
    assert crossing.action is action
    assert crossing.where.x == pytest.approx(0.3)


def test_who_is_first_seen_on_the_line_at_an_edge_waits_for_clearer_evidence() -> None:
    on_it = Box(0.0, 0.3, 0.1, 0.7)
    line = upright(0.05)
    assert begin(line, Look(TrackId(1), on_it, on_it.centre, on_it, at(0), at(0), 0.8)).place is Place.EDGE_OUTSIDE
    swapped = upright(0.05, inside=Side.LEFT)
    assert begin(swapped, Look(TrackId(1), on_it, on_it.centre, on_it, at(0), at(0), 0.8)).place is Place.EDGE_INSIDE


def test_a_body_from_edge_to_edge_came_through_neither() -> None:
    close = Box(0.0, 0.3, 1.0, 0.7)
    state = begin(upright(0.3), Look(TrackId(1), close, close.centre, close, at(0), at(0), 0.8))
    assert state.place is Place.MAYBE_INSIDE


@pytest.mark.parametrize("quarter", range(4))
def test_a_body_in_the_corner_may_have_come_through_the_edge_beyond_the_line(quarter: int) -> None:
    # In the lower left corner before an upright line, and the same picture turned: whichever edge is named first.
    boxes = [turned(Box(0.0, 0.88, right, 1.0), quarter) for right in (0.42, 0.5, 0.6, 0.7)]
    end = turned(Box(0.18, 0.0, 0.18, 1.0), quarter)
    side = (Side.RIGHT, Side.BELOW, Side.LEFT, Side.ABOVE)[quarter]
    line = CrossingLine("near", Segment(Point(end.x0, end.y0), Point(end.x1, end.y1)), side)
    assert [c.action for c in emerging(line, boxes)] == [Action.IN]


def test_on_a_line_through_the_middle_of_the_edge_nothing_divides_by_zero() -> None:
    # The anchor and its edge both lie on the line itself, so neither has a side.
    along_it = Box(0.0, 0.4, 0.1, 0.6)
    state = begin(LEVEL, Look(TrackId(1), along_it, along_it.centre, along_it, at(0), at(0), 0.8))
    assert isinstance(state, Watch)
    assert state.met_where == along_it.centre


@pytest.mark.parametrize("steps", [1, 3, 30])
def test_many_small_steps_are_a_passing_like_one_great_step(steps: int) -> None:
    places = [0.3 + 0.4 * step / steps for step in range(steps + 1)]
    assert [c.action for c in told(MIDDLE, seen_at(0.3, *places, 0.7))] == [Action.IN]


def test_the_anchor_is_the_middle_the_ankles_or_the_foot_of_the_box() -> None:
    box = Box(0.4, 0.2, 0.6, 0.8)
    by_feet = CrossingLine("feet", MIDDLE.segment, Side.RIGHT, Anchor.FEET)
    ankles = Point(0.45, 0.75)
    assert anchor_of(MIDDLE, box, ankles) == Point(0.5, 0.5)
    assert anchor_of(by_feet, box, ankles) == ankles
    assert anchor_of(by_feet, box, None) == Point(0.5, 0.8)


@pytest.mark.parametrize(("end", "passes"), [(1.0, True), (0.2, False)], ids=["over the line", "beside its end"])
def test_who_leaves_through_the_edge_behind_a_line_passes_it_only_where_it_is(end: float, passes: bool) -> None:
    line = CrossingLine("edge", Segment(Point(0.03, 0), Point(0.03, end)), Side.RIGHT)
    gone = Look(
        TrackId(3), Box(0, 0.4, 0.04, 0.8), Point(0.035, 0.6), Box(0.5, 0.4, 0.6, 0.8), at(0), at(2), 0.7,
        velocity=Point(-0.3, 0), whole=Point(0.1, 0.4),
    )  # fmt: skip
    passing = departed(line, Watch(Place.INSIDE, gone))
    assert (passing is not None) is passes
    assert passing is None or (passing.action, passing.track) == (Action.OUT, 3)
