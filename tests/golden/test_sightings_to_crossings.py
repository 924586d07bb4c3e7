"""Sightings -> crossings, small sequences made by hand, each with the reason why the answer is right."""

from __future__ import annotations

from walks import LEVEL, STILL, Shot, feet, instants, moving, person, play, seconds, together, upright, walk

from smartlogd.base.geometry import Box, Point, Segment
from smartlogd.base.known import CrossingLine, Side
from smartlogd.base.seen import Detection, Keypoint
from smartlogd.movement.rules import Rules

NEAR_BOTTOM = CrossingLine("threshold", Segment(Point(0, 0.85), Point(1, 0.85)), Side.ABOVE)


def at_ten_a_second(*boxes: Box | None, start: float = 0.0) -> list[Shot]:
    """One lively body, ten frames a second; None where it is not found."""
    return [
        Shot(start + number / 10, () if box is None else (person(box),), moving([] if box is None else [box]))
        for number, box in enumerate(boxes)
    ]


def test_someone_who_comes_in_over_the_lower_edge_passes_the_line_near_it() -> None:
    # The camera looks down at a threshold. First the head shows at the lower edge (0.82 to 1.0, middle 0.91, outside
    # of the line at 0.85), then more and more of the body, until the feet leave the edge too. The middle of what is
    # seen stands past the line long before the feet do; it is one passing, inwards.
    tops = [0.82, 0.78, 0.74, 0.70, 0.66, 0.62, 0.58, 0.54, 0.50, 0.46, 0.42, 0.38, 0.34, 0.30, 0.26, 0.22]
    told = play(at_ten_a_second(*(Box(0.45, top, 0.57, min(1.0, top + 0.5)) for top in tops)), (NEAR_BOTTOM,))
    assert told.letters == "I"
    assert 0.1 < seconds(told.crossings[0].stamp) < 0.7


def test_someone_first_seen_when_the_middle_stands_past_the_line_came_through_the_edge_beyond_it() -> None:
    # The first box reaches from 0.62 to the edge: its middle, 0.81, is inside already. Nobody starts to exist there:
    # the body touches the lower edge, which lies outside, and comes out of it by a half of itself.
    tops = [0.62, 0.60, 0.56, 0.52, 0.48, 0.44, 0.40, 0.36, 0.32, 0.28, 0.24, 0.20]
    told = play(at_ten_a_second(*(Box(0.45, top, 0.57, min(1.0, top + 0.5)) for top in tops)), (NEAR_BOTTOM,))
    assert told.letters == "I"


def test_someone_who_only_leans_in_over_the_edge_has_not_passed() -> None:
    # The same beginning, but the body comes no further out of the edge and sinks back: the middle was past the
    # line for a second, the body never was.
    tops = [0.66, 0.65, 0.64, 0.63, 0.62, 0.62, 0.62, 0.63, 0.64, 0.66, 0.72, 0.80, 0.88, 0.94]
    told = play(at_ten_a_second(*(Box(0.45, top, 0.57, 1.0) for top in tops)), (NEAR_BOTTOM,))
    assert told.crossings == ()


def test_someone_who_leaves_sideways_with_the_legs_last_passes_no_level_line() -> None:
    # Walking out at the right with a long stride: when the trunk is gone, only the hind leg is left to see, a small
    # box low in the picture. Its middle, 0.74, stands under the line at 0.5; the body's did at no time.
    whole = [Box(x, 0.25, x + 0.14, 0.85) for x in (0.50, 0.54, 0.58, 0.62, 0.66, 0.70, 0.74, 0.78, 0.82)]
    above = [Box(box.x0, 0.10, box.x1, 0.70) for box in whole]  # middle 0.4, clear of the line
    legs = [Box(0.86, 0.12, 1.0, 0.70), Box(0.90, 0.2, 1.0, 0.70), Box(0.94, 0.48, 1.0, 0.72)]
    legs += [Box(0.955, 0.6, 1.0, 0.88), Box(0.96, 0.62, 1.0, 0.88), Box(0.965, 0.62, 1.0, 0.88)]
    told = play(at_ten_a_second(*above, *legs), (LEVEL,))
    assert len(told.behaviours) == 1
    assert told.crossings == ()


def test_a_body_that_is_lost_on_the_line_and_found_again_before_it_passes_once() -> None:
    # Track 1 passes at about 1.5 s and is not found after 1.9 s, which is too long for these rules. At 2.4 s the
    # body is found again, a little back (it had paused behind someone), as track 2, and walks on over the line.
    # Within a second, at the same spot, after the first was gone: that is one person under two ids.
    first = walk([(0, 0.2, 0.5), (1.8, 0.57, 0.5)])
    gap = [Shot(1.8 + number / 10, (), STILL) for number in range(1, 6)]
    second = walk([(2.4, 0.45, 0.5), (4.4, 0.85, 0.5)], times=instants(4.4, start=2.4))
    told = play([*first, *gap, *second], rules=Rules(keep_lost_s=0.2))
    assert len(told.behaviours) == 2  # the id did switch
    assert told.letters == "I"


def test_someone_else_who_passes_at_the_same_spot_later_is_counted() -> None:
    # The same two walks five seconds apart: nobody vanishes for so long and walks on as if nothing had been.
    first = walk([(0, 0.2, 0.5), (1.8, 0.57, 0.5)])
    gap = [Shot(1.8 + number / 10, (), STILL) for number in range(1, 50)]
    second = walk([(6.8, 0.45, 0.5), (8.8, 0.85, 0.5)], times=instants(8.8, start=6.8))
    told = play([*first, *gap, *second], rules=Rules(keep_lost_s=0.2))
    assert told.letters == "II"


def test_someone_who_stands_on_the_line_for_twenty_seconds_and_goes_back_has_not_passed() -> None:
    # Standing people sway: by 0.012 to both sides of the line, and the detector adds its own share by turns. The
    # middle changes sides a hundred times; that person came from the left, stood, and went back to the left.
    stops = [(0, 0.25, 0.5), (2, 0.5, 0.5)]
    stops += [(2 + step * 0.2, 0.5 + (0.012 if step % 2 else -0.012), 0.5) for step in range(1, 100)]
    back = [*stops, (22, 0.5, 0.5), (24, 0.25, 0.5)]
    on = [*stops, (22, 0.5, 0.5), (24, 0.75, 0.5)]
    assert play(walk(back)).letters == ""
    assert play(walk(on)).letters == "I"


def test_a_coat_on_a_hook_is_nobody_even_when_someone_walks_past_it() -> None:
    # The coat hangs beside the line and is found in every other frame, in two sizes whose middles lie on either side
    # of the line. Nothing moves in it; when someone walks past, the movement is theirs, and so is the one passing.
    wide, narrow = Box(0.46, 0.2, 0.60, 0.5), Box(0.40, 0.2, 0.52, 0.5)
    coat = [person(wide if number % 4 else narrow, 0.6) if number % 2 else None for number in range(400)]
    alone = [Shot(number / 10, (found,) if found else (), STILL) for number, found in enumerate(coat)]
    told = play(alone)
    assert (told.crossings, told.behaviours) == ((), ())

    passer = walk([(0, 0.1, 0.7), (4, 0.9, 0.7)], size=(0.1, 0.5))
    shots = [
        Shot(shot.t + 20, (*shot.seen, *(found for found in [coat[200 + number]] if found)), shot.glance)
        for number, shot in enumerate(passer)
    ]
    assert play([*alone[:200], *shots, *alone[241:]]).letters == "I"


def test_the_upper_half_found_once_more_is_the_same_person() -> None:
    # Many detectors give head and shoulders as a second box. It lies in the whole body's box and passes with it.
    def shot(number: int) -> Shot:
        whole = Box(0.2 + number * 0.015, 0.2, 0.32 + number * 0.015, 0.8)
        half = Box(whole.x0, 0.2, whole.x1, 0.5)
        return Shot(number / 10, (person(whole, 0.8), person(half, 0.7)), moving([whole]))

    told = play(shot(number) for number in range(41))
    assert told.letters == "I"
    assert len(told.behaviours) == 1


def test_two_side_by_side_are_two() -> None:
    # One is nearer and lower in the picture, a shoulder's width apart; each has a middle of its own on the line.
    near = walk([(0, 0.15, 0.6), (4, 0.95, 0.6)], size=(0.14, 0.6))
    far = walk([(0, 0.02, 0.45), (4, 0.82, 0.45)], size=(0.1, 0.4))
    told = play(together(near, far))
    assert told.letters == "II"


def test_feet_pass_where_the_ankles_are_and_not_where_the_box_ends() -> None:
    # The pose shows ankles at 0.46 while the box, with a long coat's shadow, reaches to 0.58. The line stands at 0.5:
    # these feet have never passed it. Without ankles the box's lower side is all there is, and it is past the line
    # from the first, so it passes nothing either; with ankles that walk on, it passes once.
    def shot(number: int, ankle_y: float) -> Shot:
        box = Box(0.4, ankle_y - 0.3, 0.5, ankle_y + 0.12)
        ankles = (Keypoint("left_ankle", Point(0.44, ankle_y)), Keypoint("right_ankle", Point(0.46, ankle_y)))
        return Shot(number / 10, (person(box, keypoints=ankles),), moving([box]))

    stays = [shot(number, 0.36 + number * 0.005) for number in range(21)]
    walks_on = [*stays, *(shot(20 + number, 0.46 + number * 0.02) for number in range(1, 12))]
    assert play(stays, (feet(LEVEL),)).letters == ""
    assert play(walks_on, (feet(LEVEL),)).letters == "I"


def test_ankles_that_the_pose_only_guesses_are_not_believed() -> None:
    # Visibility 0.2: the pose model fills in what it cannot see. The box's lower side goes from 0.4 to 0.7 instead.
    def shot(number: int) -> Shot:
        bottom = 0.4 + number * 0.01
        guessed = (Keypoint("left_ankle", Point(0.45, 0.2), 0.2), Keypoint("right_ankle", Point(0.45, 0.2), 0.2))
        box = Box(0.4, bottom - 0.35, 0.5, bottom)
        return Shot(number / 10, (Detection(person(box).kind, box, 0.8, guessed),), moving([box]))

    assert play((shot(number) for number in range(31)), (feet(LEVEL),)).letters == "I"


def test_a_line_that_ends_before_them_is_not_passed_by_those_who_walk_round_it() -> None:
    # The line reaches from the top to the middle of the picture; one walks through it, one well below its end.
    door = CrossingLine("door", Segment(Point(0.5, 0.0), Point(0.5, 0.5)), Side.RIGHT)
    assert play(walk([(0, 0.2, 0.3), (3, 0.8, 0.3)]), (door,)).letters == "I"
    assert play(walk([(0, 0.2, 0.7), (3, 0.8, 0.7)]), (door,)).letters == ""


def test_two_lines_in_a_row_are_passed_in_their_order() -> None:
    # Two lines 0.2 apart, at a pace of 0.2 a second: a second lies between the two passings, of one and the same track.
    told = play(walk([(0, 0.2, 0.5), (3, 0.8, 0.5)]), (upright(0.6, "second"), upright(0.4, "first")))
    assert [crossing.line for crossing in told.crossings] == ["first", "second"]
    first, second = told.crossings
    assert abs(second.stamp.since(first.stamp) - 1.0) < 0.1
    assert first.track == second.track


def test_someone_hidden_for_two_seconds_keeps_their_id_over_the_line() -> None:
    # Behind a pillar from 0.42 to 0.58, at the same pace as before: one track, one passing, met in the pillar's middle.
    shots = walk([(0, 0.1, 0.5), (10, 0.9, 0.5)])
    hidden = [Shot(s.t, (), STILL) if 4.0 < s.t < 5.9 else s for s in shots]
    told = play(hidden)
    assert told.letters == "I"
    assert len(told.behaviours) == 1
    assert abs(seconds(told.crossings[0].stamp) - 5.0) < 0.3


def test_without_a_line_nothing_is_told_but_that_someone_is_there() -> None:
    # A person is announced once, as of the moment they were first seen, whatever else is watched.
    told = play(walk([(0, 0.2, 0.5), (3, 0.8, 0.5)]), ())
    assert told.crossings == ()
    assert [(behaviour.what, seconds(behaviour.start)) for behaviour in told.behaviours] == [("person_entered", 0.0)]
