from __future__ import annotations

import pytest
from walks import STILL, at, moving, person, seconds

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Phase
from smartlogd.base.seen import Detection, Glance, Kind, Sighting
from smartlogd.movement.rules import Rules
from smartlogd.movement.tracker import Trail, advance

HERE = Box(0.3, 0.3, 0.4, 0.7)
THERE = Box(0.7, 0.3, 0.8, 0.7)
FRAME_S = 0.1


class Room:
    """Trails carried from frame to frame, ten a second unless told otherwise."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.trails: tuple[Trail, ...] = ()
        self.next_id, self.t = 1, 0.0

    def see(self, *bodies: Detection, glance: Glance | None = None, after_s: float = FRAME_S) -> tuple[Trail, ...]:
        self.t += after_s
        seen = [Sighting(body) for body in bodies]
        shown = moving(body.box for body in bodies) if glance is None else glance
        self.trails, self.next_id = advance(self.trails, seen, shown, at(self.t), self.rules, self.next_id)
        return self.trails

    def believe(self, *bodies: Detection, frames: int = 10) -> tuple[Trail, ...]:
        for _ in range(frames):
            self.see(*bodies)
        return self.trails


@pytest.fixture
def room() -> Room:
    return Room()


def phases(trails: tuple[Trail, ...]) -> list[Phase]:
    return [trail.phase for trail in trails]


def test_one_look_is_tentative_and_several_over_a_while_are_believed(room: Room) -> None:
    (trail,) = room.see(person(HERE))
    assert trail.phase is Phase.TENTATIVE
    (trail,) = room.believe(person(HERE))
    assert (trail.phase, trail.id, trail.hits) == (Phase.CONFIRMED, 1, 11)
    assert seconds(trail.first) == pytest.approx(0.1)
    assert trail.last == trail.now


def test_many_looks_in_a_moment_are_not_believed_yet(room: Room) -> None:
    for _ in range(6):
        (trail,) = room.see(person(HERE), after_s=0.02)
    assert trail.phase is Phase.TENTATIVE


def test_what_never_moves_is_not_believed_until_it_does(room: Room) -> None:
    for _ in range(50):
        (trail,) = room.see(person(HERE), glance=STILL)
    assert trail.phase is Phase.TENTATIVE
    (trail,) = room.see(person(HERE))
    assert trail.phase is Phase.CONFIRMED


def test_what_is_seen_now_and_then_is_not_believed(room: Room) -> None:
    found: set[Phase] = set()
    for _ in range(20):
        found |= set(phases(room.see(person(HERE))))
        for _ in range(3):
            found |= set(phases(room.see()))
    assert Phase.CONFIRMED not in found


def test_someone_believed_who_is_missed_is_lost_then_found_again_under_the_same_id(room: Room) -> None:
    room.believe(person(HERE))
    assert phases(room.see()) == [Phase.LOST]
    for _ in range(14):
        room.see()
    (trail,) = room.see(person(HERE))
    assert (trail.phase, trail.id) == (Phase.CONFIRMED, 1)


def test_someone_missed_too_long_ends_and_is_told_so_once(room: Room) -> None:
    room.believe(person(HERE), frames=30)
    lived = 0.0
    while phases(room.see()) == [Phase.LOST]:
        lived += FRAME_S
    assert phases(room.trails) == [Phase.ENDED]
    assert lived == pytest.approx(room.rules.keep_lost_s, abs=0.2)
    assert room.see() == ()
    (trail,) = room.see(person(HERE))
    assert trail.id == 2


def test_someone_hardly_known_is_forgotten_sooner(room: Room) -> None:
    room.see(person(HERE))
    frames = 0
    while room.see():
        frames += 1
    assert frames * FRAME_S < room.rules.keep_lost_s


def test_someone_who_walked_out_of_the_picture_is_forgotten_sooner_than_someone_hidden(room: Room) -> None:
    def frames_until_forgotten(start: float, speed: float) -> int:
        room = Room()
        for number in range(30):
            box = Box.around(Point(start + speed * number * FRAME_S, 0.5), 0.1, 0.4).clipped()
            if box.width > 0.02:
                room.see(person(box))
        frames = 0
        while Phase.ENDED not in phases(room.see()):
            frames += 1
        return frames

    assert frames_until_forgotten(0.5, 0.2) < frames_until_forgotten(0.2, 0.2)


def test_a_weak_detection_carries_on_but_begins_nothing(room: Room) -> None:
    assert room.see(person(HERE, 0.3)) == ()
    room.believe(person(HERE))
    for _ in range(20):
        (trail,) = room.see(person(HERE, 0.35))
    assert (trail.phase, trail.id) == (Phase.CONFIRMED, 1)


def test_a_weak_detection_must_fit_better_than_a_strong_one(room: Room) -> None:
    # A chair that looks a little like someone must not adopt whoever just left beside it.
    def found(aside: float, score: float) -> list[Phase]:
        room = Room()
        room.believe(person(HERE))
        box = Box(HERE.x0 + aside, HERE.y0, HERE.x1 + aside, HERE.y1)
        return phases(room.see(person(box, score)))[:1]

    assert found(0.02, 0.35) == [Phase.CONFIRMED]
    assert found(0.085, 0.35) == [Phase.LOST]
    assert found(0.085, 0.8) == [Phase.CONFIRMED]


def test_below_the_weak_score_nothing_is_seen(room: Room) -> None:
    room.believe(person(HERE))
    assert phases(room.see(person(HERE, 0.1))) == [Phase.LOST]


def test_the_score_follows_the_newest_looks(room: Room) -> None:
    room.believe(person(HERE, 0.9), frames=20)
    (trail,) = room.believe(person(HERE, 0.5), frames=60)
    assert trail.score == pytest.approx(0.5, abs=0.05)


def test_two_keep_their_ids_while_they_cross_each_others_way(room: Room) -> None:
    for number in range(41):
        right = Box.around(Point(0.2 + number * 0.015, 0.5), 0.1, 0.4)
        left = Box.around(Point(0.8 - number * 0.015, 0.6), 0.12, 0.5)
        # In the middle the nearer one, lower and larger, hides the other.
        hidden = abs(right.centre.x - left.centre.x) < 0.06
        room.see(person(left), *([] if hidden else [person(right)]))
    where = {trail.id: trail.box.centre.x for trail in room.trails}
    assert len(where) == 2
    first, second = (where[key] for key in sorted(where))
    assert first < 0.3  # seen first in the list, it began at the right and walked left
    assert second > 0.7


def test_a_stranger_elsewhere_is_someone_new(room: Room) -> None:
    room.believe(person(HERE))
    trails = room.see(person(HERE), person(THERE))
    assert [trail.id for trail in trails] == [1, 2]
    trails = room.see(person(THERE), person(HERE))
    assert {trail.id: trail.where for trail in trails} == {1: HERE, 2: THERE}


def test_a_box_within_a_body_that_is_seen_begins_no_track(room: Room) -> None:
    room.believe(person(HERE))
    inner = Box(0.3, 0.3, 0.4, 0.5)
    assert [trail.id for trail in room.see(person(HERE), person(inner))] == [1]


def test_a_dog_does_not_become_a_person_nor_hide_one(room: Room) -> None:
    room.believe(person(HERE, kind=Kind.DOG))
    trails = room.see(person(HERE))
    assert [(trail.kind, trail.unseen_s > 0) for trail in trails] == [(Kind.DOG, True), (Kind.PERSON, False)]


@pytest.mark.parametrize(
    ("speed", "found_again_at"),
    [
        pytest.param(0.3, 0.47, id="stopped while hidden"),
        pytest.param(0.3, 0.83, id="went on as before"),
        pytest.param(0.15, 0.67, id="went on half as fast again"),
    ],
)
def test_someone_hidden_for_more_than_a_second_is_found_again(room: Room, speed: float, found_again_at: float) -> None:
    for number in range(10):
        room.see(person(Box.around(Point(0.2 + speed * number * FRAME_S, 0.5), 0.1, 0.4)))
    for _ in range(11 if speed == 0.3 else 13):
        room.see()
    trails = room.see(person(Box.around(Point(found_again_at, 0.5), 0.1, 0.4)))
    assert [trail.id for trail in trails if trail.newest is not None] == [1]


def test_a_body_partly_off_the_picture_is_shown_as_far_as_it_is_on_it(room: Room) -> None:
    (trail,) = room.see(person(Box(-0.1, 0.5, 0.1, 1.4)))
    assert trail.born == Box(0, 0.5, 0.1, 1)
    assert trail.track().box.y1 <= 1


def test_frames_that_carry_the_same_stamp_or_an_older_one_do_no_harm(room: Room) -> None:
    room.believe(person(HERE))
    (trail,) = room.see(person(HERE), after_s=0.0)
    assert trail.id == 1
    (trail,) = room.see(person(HERE), after_s=-0.5)
    assert (trail.id, trail.phase) == (1, Phase.CONFIRMED)


def test_a_track_shows_the_newest_detection_and_face(room: Room) -> None:
    face = Detection(Kind.FACE, Box(0.33, 0.31, 0.37, 0.38), 0.9)
    room.trails, room.next_id = advance((), [Sighting(person(HERE), face)], STILL, at(0), room.rules, 5)
    (track,) = (trail.track() for trail in room.trails)
    assert (track.id, track.detection, track.face) == (5, person(HERE), face)
    (missed,) = (trail.track() for trail in room.see())
    assert (missed.detection, missed.face) == (None, None)


def passing(t: float, lane: float) -> tuple[Box, Box]:
    """Two who walk towards each other and meet in the middle at 2 s; `lane` is how much lower the second one walks."""
    right = Box.around(Point(0.2 + 0.15 * t, 0.5), 0.12, 0.4)
    left = Box.around(Point(0.8 - 0.15 * t, 0.5 + lane), 0.12, 0.4)
    return right, left


def stretches(trails: tuple[Trail, ...]) -> list[int]:
    return [trail.stretch for trail in trails]


def test_two_who_pass_each_other_closely_may_be_taken_for_each_other_until_they_are_apart(room: Room) -> None:
    doubtful = []
    for number in range(41):
        t = number * FRAME_S
        trails = room.see(*(person(box) for box in passing(t, 0.02)))
        if any(trail.is_doubtful for trail in trails):
            assert all(trail.is_doubtful for trail in trails), "who is in doubt is in doubt with somebody"
            doubtful.append(t)
    assert stretches(room.trails) == [2, 2], "one doubt, one new stretch each"
    assert min(doubtful) == pytest.approx(2.0, abs=0.4)
    assert max(doubtful) - min(doubtful) < 1.5
    assert [trail.track().stretch for trail in room.trails] == [2, 2]
    assert not any(trail.track().is_doubtful for trail in room.trails)


def test_a_doubt_outlasts_the_moment_in_which_the_two_are_one(room: Room) -> None:
    for number in range(41):
        trails = room.see(*(person(box) for box in passing(number * FRAME_S, 0.02)))
        if stretches(trails) == [2, 2]:
            break
    assert all(trail.track().is_doubtful for trail in trails)
    for _ in range(3):
        number += 1
        trails = room.see(*(person(box) for box in passing(number * FRAME_S, 0.02)))
    assert all(trail.track().is_doubtful for trail in trails)


@pytest.mark.parametrize("aside", [0.13, 0.2])
def test_two_who_walk_side_by_side_are_not_taken_for_each_other(room: Room, aside: float) -> None:
    for number in range(31):
        x = 0.2 + 0.015 * number
        trails = room.see(*(person(Box.around(Point(x + shift, 0.5), 0.12, 0.4)) for shift in (0.0, aside)))
        assert not any(trail.is_doubtful for trail in trails)
    assert stretches(trails) == [1, 1]


def test_two_who_pass_each_other_far_apart_are_not_taken_for_each_other(room: Room) -> None:
    for number in range(41):
        right, left = passing(number * FRAME_S, 0.0)
        far = Box(left.x0, 0.05, left.x1, 0.25)
        trails = room.see(person(Box(right.x0, 0.5, right.x1, 0.9)), person(far))
        assert not any(trail.is_doubtful for trail in trails)


def test_someone_who_walks_alone_is_nobody_else(room: Room) -> None:
    for number in range(31):
        (trail,) = room.see(person(Box.around(Point(0.2 + 0.02 * number, 0.5), 0.1, 0.4)))
        assert (trail.stretch, trail.is_doubtful) == (1, False)


def test_who_was_unseen_for_more_than_a_second_may_be_another_when_seen_again(room: Room) -> None:
    room.believe(person(HERE), frames=30)
    for _ in range(11):
        (trail,) = room.see()
        assert trail.stretch == 1, "unseen, nobody was taken for it yet"
    (trail,) = room.see(person(HERE))
    assert (trail.id, trail.stretch, trail.is_doubtful) == (1, 2, True)
    for _ in range(7):
        (trail,) = room.see(person(HERE))
    assert (trail.stretch, trail.is_doubtful) == (2, False)


def test_who_was_missed_for_a_moment_is_still_the_same(room: Room) -> None:
    room.believe(person(HERE), frames=30)
    for _ in range(7):
        room.see()
    (trail,) = room.see(person(HERE))
    assert (trail.id, trail.stretch, trail.is_doubtful) == (1, 1, False)


def still_with_face(room: Room, score: float, *, every: int = 1, frames: int = 30) -> list[Phase]:
    """The phases of someone who keeps still and shows a face of this score in each `every`th frame."""
    face = Detection(Kind.FACE, Box(0.33, 0.31, 0.37, 0.38), score)
    found = []
    for number in range(frames):
        room.t += FRAME_S
        seen = [Sighting(person(HERE), face if number % every == 0 else None)]
        room.trails, room.next_id = advance(room.trails, seen, STILL, at(room.t), room.rules, room.next_id)
        found += phases(room.trails)
    return found


def test_a_still_person_with_a_sure_face_is_believed_after_a_second(room: Room) -> None:
    found = still_with_face(room, 0.9)
    assert found.index(Phase.CONFIRMED) == 10
    assert set(found[10:]) == {Phase.CONFIRMED}


def test_a_face_that_flickers_shows_nobody_who_keeps_still(room: Room) -> None:
    assert set(still_with_face(room, 0.9, every=2)) == {Phase.TENTATIVE}


def test_an_unsure_face_shows_nobody_who_keeps_still(room: Room) -> None:
    assert set(still_with_face(room, 0.6)) == {Phase.TENTATIVE}
