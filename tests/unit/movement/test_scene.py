from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest
from walks import MIDDLE, STILL, Shot, at, feet, instants, moving, person, play, together, upright, walk

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Action, Behaviour, Crossing, CrossingLine, Phase, Side, TrackId
from smartlogd.base.seen import Detection, Keypoint, Kind
from smartlogd.base.who import Who
from smartlogd.movement.behaviour import Conduct, behave
from smartlogd.movement.rules import BehaviourRules, Rules
from smartlogd.movement.scene import Scene, step

WALK = walk([(0, 0.2, 0.5), (3, 0.8, 0.5)])


def test_a_new_scene_is_empty() -> None:
    assert Scene().is_empty
    assert Scene().tracks == ()


def test_a_scene_is_empty_again_when_everyone_is_forgotten() -> None:
    scene = play(WALK).scene
    assert not scene.is_empty
    assert [track.phase for track in scene.tracks] == [Phase.CONFIRMED]
    gone = play([Shot(3 + number / 10, (), STILL) for number in range(1, 60)], scene=scene).scene
    assert gone.is_empty
    assert gone.tracks == ()
    assert gone.watches == {}


def test_in_one_frame_appearing_is_told_before_passing() -> None:
    # Few hits are enough for the line, more are asked for belief: the passing waits until the person is believed.
    rules = Rules(confirm_hits=12, confirm_s=1.0)
    scene, conduct, told = Scene(), Conduct(), []
    for shot in walk([(0, 0.4, 0.5), (1.5, 0.7, 0.5)]):
        scene, passed = step(scene, shot.seen, shot.glance, at(shot.t), (MIDDLE,), rules)
        conduct, begun = behave(conduct, scene.tracks, at(shot.t), (), BehaviourRules(), aspect=1.0)
        told.append((*begun, *passed))
    (both,) = [news for news in told if news]
    assert [type(found) for found in both] == [Behaviour, Crossing]


def test_the_passing_of_someone_who_is_never_believed_is_never_told() -> None:
    told = play([*WALK[5:], *(Shot(3 + n / 10, (), STILL) for n in range(1, 30))], rules=Rules(confirm_hits=60))
    assert (told.crossings, told.behaviours) == ((), ())
    assert told.scene.waiting == ()


def test_a_ghost_seen_twice_at_the_edge_beyond_the_line_is_not_told_when_it_is_forgotten() -> None:
    boxes = [Box(0.0, 0.3, 0.13, 0.7), Box(0.05, 0.3, 0.23, 0.7)]
    seen = [Shot(number / 10, (person(box),), moving([box])) for number, box in enumerate(boxes)]
    told = play([*seen, *(Shot(0.2 + number / 10, (), STILL) for number in range(20))], (upright(0.06),))
    assert (told.crossings, told.behaviours, told.scene.waiting) == ((), (), ())


def test_only_the_directions_that_a_line_counts_are_told() -> None:
    there_and_back = walk([(0, 0.2, 0.5), (2, 0.8, 0.5), (3, 0.8, 0.5), (5, 0.2, 0.5)])
    assert play(there_and_back).letters == "IO"
    for action in Action:
        only = CrossingLine("only", MIDDLE.segment, Side.RIGHT, counts=frozenset({action}))
        assert play(there_and_back, (only,)).letters == action.value
    assert play(there_and_back, (CrossingLine("mute", MIDDLE.segment, Side.RIGHT, counts=frozenset()),)).letters == ""


def test_someone_who_was_logged_the_other_way_in_between_is_logged_again_at_once() -> None:
    way = [(0, 0.2, 0.5), (2, 0.7, 0.5), (3, 0.7, 0.5), (5, 0.2, 0.5), (6, 0.2, 0.5), (8, 0.7, 0.5)]
    assert play(walk(way)).letters == "IOI"


def test_a_body_found_as_two_boxes_side_by_side_passes_once() -> None:
    # The two boxes share three fifths, too little to be taken for one body in a single frame; but they pass the line
    # together, nearer to each other than two bodies can be.
    whole = walk([(0, 0.2, 0.5), (3, 0.8, 0.5)], size=(0.1, 0.4))
    shifted = walk([(0, 0.162, 0.5), (3, 0.762, 0.5)], size=(0.1, 0.4), score=0.7)
    assert play(together(whole, shifted)).letters == "I"


def test_two_who_pass_at_the_same_moment_in_opposite_directions_are_both_told() -> None:
    one = walk([(0, 0.2, 0.5), (3, 0.8, 0.5)])
    other = walk([(0, 0.8, 0.55), (3, 0.2, 0.55)], size=(0.12, 0.5))
    assert sorted(play(together(one, other)).letters) == ["I", "O"]


def test_happenings_of_one_frame_are_in_the_order_of_their_instants() -> None:
    # Both lines are passed between two frames; the one that was met first is told first, whatever its place.
    lines = (upright(0.507, "after", band=0.0), upright(0.493, "before", band=0.0))
    scene, told = Scene(), []
    for shot in walk([(0, 0.2, 0.5), (3, 0.8, 0.5)], times=instants(3, fps=5)):
        scene, news = step(scene, shot.seen, shot.glance, at(shot.t), lines, Rules())
        told.append([found.line for found in news if isinstance(found, Crossing)])
    assert [names for names in told if names] == [["before", "after"]]


def test_what_moved_once_and_then_stands_still_passes_nothing_however_its_box_changes() -> None:
    # Someone brings a coat and hangs it up before the line; later it is found in another size, its middle beyond it.
    narrow, wide = Box(0.38, 0.3, 0.54, 0.8), Box(0.38, 0.3, 0.68, 0.8)
    brought = [Shot(number / 10, (person(narrow),), moving([narrow])) for number in range(15)]
    hangs = [Shot(1.5 + number / 10, (person(narrow),), STILL) for number in range(20)]
    grows = [Shot(3.5 + number / 10, (person(wide),), STILL) for number in range(30)]
    told = play([*brought, *hangs, *grows])
    assert told.letters == ""
    assert told.scene.next_id == 2
    # The same with movement in it is someone who passes.
    alive = [Shot(shot.t, shot.seen, moving(found.box for found in shot.seen)) for shot in [*brought, *hangs, *grows]]
    assert play(alive).letters == "I"


def test_a_few_stray_detections_beyond_the_line_are_no_passing() -> None:
    # Someone stands before the line; then all that is found, once in almost a second, lies a step beyond it.
    here, beyond = Box.around(Point(0.44, 0.5), 0.15, 0.5), Box.around(Point(0.56, 0.5), 0.15, 0.5)
    stands = [Shot(number / 10, (person(here),), moving([here])) for number in range(15)]
    strays = [
        Shot(1.5 + number / 10, (person(beyond),) if number % 8 == 7 else (), moving([here, beyond]))
        for number in range(24)
    ]
    told = play([*stands, *strays])
    assert told.letters == ""
    assert told.scene.next_id == 2


@pytest.mark.parametrize("shown", [("left_ankle",), ("right_ankle",), ("left_ankle", "right_ankle")])
def test_one_ankle_is_enough_to_stand_on(shown: tuple[str, ...]) -> None:
    def shot(number: int) -> Shot:
        x = 0.2 + number * 0.02
        box = Box(x - 0.05, 0.3, x + 0.05, 0.7)
        # The feet go 0.06 ahead of the middle of the box.
        ankles = [Keypoint(name, Point(x + 0.06, 0.68)) for name in shown]
        return Shot(number / 10, (person(box, keypoints=ankles),), moving([box]))

    by_box, by_feet = play(map(shot, range(31))), play(map(shot, range(31)), (feet(MIDDLE),))
    ahead_s = by_box.crossings[0].stamp.since(by_feet.crossings[0].stamp)
    assert ahead_s == pytest.approx(0.3, abs=0.06)


def test_a_line_that_is_taken_away_and_a_track_that_ended_leave_nothing_behind() -> None:
    scene = play(WALK, (MIDDLE, upright(0.6))).scene
    assert {line for _, line in scene.watches} == {MIDDLE, upright(0.6)}
    scene, _ = step(scene, (), STILL, at(3.1), (MIDDLE,), Rules())
    assert {line for _, line in scene.watches} == {MIDDLE}


def test_what_was_logged_is_remembered_no_longer_than_needed() -> None:
    scene = play(WALK).scene
    assert len(scene.logged) == 1
    later = [Shot(3 + number, (), STILL) for number in range(1, 30)]
    assert play(later, scene=scene).scene.logged == ()


def test_a_line_added_while_someone_is_not_seen_begins_when_they_are_seen_again() -> None:
    scene = play(WALK[:10], ()).scene
    scene, _ = step(scene, (), STILL, at(1.0), (MIDDLE,), Rules())
    assert scene.watches == {}
    rest = play(WALK[11:], (MIDDLE,), scene=scene)
    assert rest.letters == "I"
    assert rest.scene.next_id == 2


def test_who_keeps_still_before_the_lens_and_shows_a_face_is_there_and_passes_no_line() -> None:
    # Someone at a desk by the line: nothing moves, and the box that is found sways over the line.
    shots = []
    for number in range(60):
        x = 0.46 if number // 15 % 2 == 0 else 0.54
        face = Detection(Kind.FACE, Box(x - 0.03, 0.22, x + 0.03, 0.3), 0.9)
        shots.append(Shot(number / 10, (person(Box(x - 0.1, 0.2, x + 0.1, 0.8)), face), STILL))
    told = play(shots)
    assert [(one.what, one.track) for one in told.behaviours] == [("person_entered", 1)]
    assert told.letters == ""


ANN, BEN = Who(UUID(int=1), is_known=True), Who(UUID(int=2), is_known=True)
OLD = Who(UUID(int=3), is_known=False)


def told_of(
    walks: Sequence[Sequence[Shot]], whom: Mapping[int, Who], rules: Rules | None = None
) -> tuple[tuple[str, int], ...]:
    """The passings of several walks, each after the one before was forgotten, by way and track; `whom` by track."""
    scene, passed = Scene(), []
    known = {TrackId(track): who for track, who in whom.items()}
    for shots in walks:
        for shot in shots:
            scene, news = step(scene, shot.seen, shot.glance, at(shot.t), (MIDDLE,), rules or Rules(), known)
            passed += [(found.action.value, int(found.track)) for found in news if isinstance(found, Crossing)]
    return tuple(passed)


def visit(start_s: float, x0: float = 0.2, x1: float = 0.8) -> list[Shot]:
    """A walk over the line, which is met 1.5 s after `start_s`; then nobody for as long as anyone is remembered."""
    shots = walk([(start_s, x0, 0.5), (start_s + 3, x1, 0.5)])
    return [*shots, *(Shot(start_s + 3.1 + number / 10, (), STILL) for number in range(10))]


KNOWN_TWICE = Rules(debounce_known_s=5.0, debounce_unknown_s=15.0, keep_lost_s=0.5)


@pytest.mark.parametrize(
    ("who", "later_s", "times"),
    [
        pytest.param(ANN, 4.5, 1, id="known, within the span"),
        pytest.param(ANN, 5.5, 2, id="known, after it"),
        pytest.param(OLD, 5.5, 1, id="a stranger, within the longer span"),
        pytest.param(OLD, 14.5, 1, id="a stranger, just within it"),
        pytest.param(OLD, 15.5, 2, id="a stranger, after it"),
    ],
)
def test_the_same_one_on_another_track_is_logged_once_within_the_span(who: Who, later_s: float, times: int) -> None:
    walks = [visit(0), visit(later_s)]
    assert told_of(walks, {1: who, 2: who}, KNOWN_TWICE) == (("I", 1), ("I", 2))[:times]


def test_two_who_are_not_the_same_are_both_logged() -> None:
    walks = [visit(0), visit(4.5)]
    for whom in ({}, {1: ANN}, {2: ANN}, {1: ANN, 2: BEN}, {1: ANN, 2: Who(ANN.id, is_known=False)}):
        assert told_of(walks, whom, KNOWN_TWICE) == (("I", 1), ("I", 2))


def test_the_same_one_on_another_track_who_went_the_other_way_in_between_is_logged_again() -> None:
    walks = [visit(0), visit(4.2, 0.8, 0.2), visit(8.4)]
    assert told_of(walks, {1: ANN, 2: ANN, 3: ANN}, Rules(debounce_known_s=60.0, keep_lost_s=0.5)) == (
        ("I", 1),
        ("O", 2),
        ("I", 3),
    )


def test_the_other_way_of_somebody_else_in_between_lets_nobody_pass_again() -> None:
    walks = [visit(0), visit(4.2, 0.8, 0.2), visit(8.4)]
    rules = Rules(debounce_known_s=60.0, keep_lost_s=0.5)
    assert told_of(walks, {1: ANN, 2: BEN, 3: ANN}, rules) == (("I", 1), ("O", 2))
