"""How far two models agree: found things are matched once, keypoints are compared where both are sure."""

from __future__ import annotations

from dataclasses import replace

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Detection, Guess, Keypoint, Kind
from smartlogd.detect.agreement import Agreement, agreement

HERE, THERE = Box(0.1, 0.1, 0.3, 0.5), Box(0.6, 0.1, 0.8, 0.5)


def person(box: Box, *points: tuple[str, float, float, float]) -> Detection:
    keypoints = tuple(Keypoint(name, Point(x, y), sure) for name, x, y, sure in points)
    return Detection(Kind.PERSON, box, 0.9, keypoints)


def test_the_same_found_twice_is_full_agreement() -> None:
    assert agreement([person(HERE), person(THERE)], [person(THERE), person(HERE)]).share == 1


def test_nothing_found_by_either_is_full_agreement() -> None:
    assert agreement([], []).share == 1


def test_what_only_one_found_counts_against_it() -> None:
    assert agreement([person(HERE), person(THERE)], [person(HERE)]).share == 0.5


def test_two_boxes_on_one_person_are_matched_once() -> None:
    assert agreement([person(HERE)], [person(HERE), person(HERE)]) == Agreement(1, 2)


def test_a_dog_where_a_person_was_found_is_no_agreement() -> None:
    assert agreement([person(HERE)], [Detection(Kind.DOG, HERE, 0.9)]).share == 0


def test_keypoints_far_apart_are_no_agreement_though_the_boxes_are_the_same() -> None:
    one = person(HERE, ("nose", 0.2, 0.15, 1.0), ("left_hip", 0.2, 0.3, 1.0))
    other = person(HERE, ("nose", 0.2, 0.16, 1.0), ("left_hip", 0.2, 0.5, 1.0))
    assert agreement([one], [other]).share == 0.5


def test_keypoints_that_one_of_them_does_not_see_are_not_compared() -> None:
    one, other = person(HERE, ("nose", 0.2, 0.15, 1.0)), person(HERE, ("nose", 0.9, 0.9, 0.1))
    assert agreement([one], [other]).share == 1


def test_what_someone_is_taken_to_be_doing_is_compared_too() -> None:
    sits, lies = (replace(person(HERE), guess=Guess(what, 0.9)) for what in ("sit", "lie"))
    assert agreement([sits], [sits]).share == 1
    assert agreement([sits], [lies]).share == 0


def test_agreements_of_several_pictures_add_up() -> None:
    assert sum([Agreement(1, 1, 2, 4), Agreement(0, 1, 1, 1)], Agreement()) == Agreement(1, 2, 3, 5)
