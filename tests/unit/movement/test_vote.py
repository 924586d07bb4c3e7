"""Several looks become one decision."""

from __future__ import annotations

import math
from uuid import UUID

import numpy as np
import pytest
from walks import at

from smartlogd.base.known import TrackId
from smartlogd.base.who import DIMENSIONS, Likeness, View, Who
from smartlogd.movement.vote import VoteRules, same, verdict

ANNA, BELA = Who(UUID(int=1), is_known=True), Who(UUID(int=2), is_known=True)
STRANGER = Who(UUID(int=3), is_known=False)
RULES = VoteRules(
    doubt_distance=0.6,
    known_distance=0.52,
    stranger_distance=0.46,
    margin=0.05,
    same_distance=0.52,
    other_distance=0.62,
    least_weight=0.5,
)


def look(*near: tuple[Who, float], quality: float = 1.0, off: float = 0.0, axis: int = 0) -> View:
    """A look that is so far from these beings, and `off` to one side of the other looks."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[axis] = off
    likenesses = tuple(Likeness(who, distance) for who, distance in sorted(near, key=lambda each: each[1]))
    return View(TrackId(1), 1, at(0), "net", vector, quality, likenesses)


def test_without_a_look_there_is_nobody() -> None:
    said = verdict([], RULES)
    assert said.who is None
    assert said.belief == said.runner_up == -math.inf


def test_an_empty_gallery_names_nobody() -> None:
    assert verdict([look(), look()], RULES).who is None


def test_one_near_look_names_a_person() -> None:
    said = verdict([look((ANNA, 0.50), (BELA, 0.8))], RULES)
    assert said.who == ANNA
    assert said.belief == pytest.approx(0.1)
    assert said.runner_up == pytest.approx(-0.2)


def test_one_far_look_names_nobody() -> None:
    assert verdict([look((ANNA, 0.53), (BELA, 0.8))], RULES).who is None


def test_between_two_people_who_are_as_near_nobody_is_named() -> None:
    assert verdict([look((ANNA, 0.40), (BELA, 0.43))], RULES).who is None
    assert verdict([look((ANNA, 0.40), (BELA, 0.46))], RULES).who == ANNA


def test_a_stranger_as_near_does_not_keep_a_person_from_being_named() -> None:
    assert verdict([look((ANNA, 0.40), (STRANGER, 0.38))], RULES).who == ANNA


def test_a_recent_stranger_must_be_nearer_than_a_person() -> None:
    assert verdict([look((STRANGER, 0.45))], RULES).who == STRANGER
    assert verdict([look((STRANGER, 0.48))], RULES).who is None
    assert verdict([look((ANNA, 0.48))], RULES).who == ANNA


def test_who_hesitates_between_people_may_still_be_a_stranger_seen_before() -> None:
    said = verdict([look((ANNA, 0.50), (BELA, 0.51), (STRANGER, 0.30))], RULES)
    assert said.who == STRANGER


def test_a_bad_look_does_not_undo_good_ones() -> None:
    good, bad = look((ANNA, 0.42), (BELA, 0.7)), look((ANNA, 0.62), (BELA, 0.66), quality=0.1)
    assert verdict([good, good, bad], RULES).who == ANNA
    assert verdict([bad], RULES).who is None


def test_a_look_counts_by_its_quality() -> None:
    near, far = look((ANNA, 0.40)), look((ANNA, 0.60))
    fine, poor = (verdict([near, look((ANNA, 0.60), quality=quality)], RULES).belief for quality in (1.0, 0.0))
    assert verdict([near], RULES).belief > poor > fine > verdict([far], RULES).belief


def test_looks_that_differ_and_agree_are_worth_more_than_one_look_thrice() -> None:
    thrice = [look((ANNA, 0.525))] * 3
    differing = [look((ANNA, 0.525), off=0.4, axis=axis) for axis in range(3)]
    assert verdict(thrice, RULES).who is None
    assert verdict(differing, RULES).who == ANNA


def test_a_being_that_a_look_does_not_list_is_no_nearer_than_those_it_lists() -> None:
    unlisted = verdict([look((ANNA, 0.45)), look((BELA, 0.7))], RULES)
    listed = verdict([look((ANNA, 0.45)), look((BELA, 0.7), (ANNA, 0.7))], RULES)
    assert unlisted.belief == pytest.approx(listed.belief)


def test_a_look_that_knows_of_nobody_says_nothing() -> None:
    assert verdict([look(), look((ANNA, 0.45))], RULES) == verdict([look((ANNA, 0.45))], RULES)


@pytest.mark.parametrize(("apart", "said"), [(0.3, True), (0.52, True), (0.57, None), (0.62, False), (0.9, False)])
def test_two_stretches_show_one_face_or_two_or_nobody_can_say(apart: float, said: bool | None) -> None:
    assert same([look()], [look(off=apart + (1e-6 if said is False else -1e-6))], RULES) is said


def test_of_a_stretch_without_looks_nobody_can_say_anything() -> None:
    assert same([], [look()], RULES) is None
    assert same([look()], [], RULES) is None


def test_one_bad_look_does_not_make_two_faces_of_one() -> None:
    steady = [look(), look(off=0.1), look(off=0.1, axis=1)]
    assert same(steady, [look(off=0.4), look(off=0.3, axis=1), look(off=0.75, axis=2, quality=0.2)], RULES) is True
