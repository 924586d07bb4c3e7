from __future__ import annotations

import pytest
from walks import person

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Detection, Keypoint, Kind
from smartlogd.movement.sight import implied_body, sightings, without_doubles

BODY = Box(0.4, 0.2, 0.6, 0.9)
ON_ITS_HEAD = Box(0.46, 0.21, 0.54, 0.32)


def face(box: Box, score: float = 0.9) -> Detection:
    return Detection(Kind.FACE, box, score)


def test_nothing_seen_is_nobody() -> None:
    assert sightings(()) == ()


def test_a_face_on_a_body_belongs_to_it() -> None:
    (one,) = sightings((face(ON_ITS_HEAD), person(BODY)))
    assert one.body == person(BODY)
    assert one.face == face(ON_ITS_HEAD)


def test_a_face_at_the_knees_is_someone_elses() -> None:
    elsewhere = Box(0.46, 0.7, 0.54, 0.8)
    beside = Box(0.75, 0.2, 0.85, 0.33)
    seen = sightings((person(BODY), face(beside)))
    assert [one.face for one in seen] == [None, face(beside)]
    # A face low on a body that shows no other is a picture on a shirt or a bag: nobody is made of it.
    (only,) = sightings((person(BODY), face(elsewhere)))
    assert only.face is None


def test_a_lone_face_implies_a_body_below_it() -> None:
    alone = face(Box(0.45, 0.1, 0.55, 0.2), 0.8)
    (one,) = sightings((alone,))
    assert one.face == alone
    assert one.body.kind is Kind.PERSON
    assert one.body.score < alone.score
    box = one.body.box
    assert box.x0 < 0.45
    assert box.x1 > 0.55
    assert box.y0 < 0.1
    assert box.y1 > 0.6
    assert box.centre.x == pytest.approx(0.5)


def test_an_implied_body_ends_at_the_pictures_edge() -> None:
    box = implied_body(face(Box(0.0, 0.7, 0.2, 0.95))).box
    assert (box.x0, box.y1) == (0.0, 1.0)


def test_two_faces_on_two_bodies_go_each_to_its_own() -> None:
    left, right = person(Box(0.2, 0.2, 0.4, 0.9)), person(Box(0.35, 0.2, 0.55, 0.9))
    his, hers = face(Box(0.26, 0.22, 0.34, 0.32)), face(Box(0.41, 0.22, 0.49, 0.32))
    owners = {one.body: one.face for one in sightings((right, hers, left, his))}
    assert owners == {left: his, right: hers}


def test_of_two_faces_on_one_body_the_nearer_to_its_nose_is_its_own() -> None:
    nose = Keypoint("nose", Point(0.44, 0.27))
    body = person(BODY, keypoints=(nose,))
    at_the_nose, at_the_middle = face(Box(0.41, 0.22, 0.47, 0.32)), face(Box(0.48, 0.22, 0.54, 0.32))
    seen = sightings((body, at_the_middle, at_the_nose))
    assert seen[0].face == at_the_nose
    # The other one is someone's too: they stand behind and show no body.
    assert [one.face for one in seen[1:]] == [at_the_middle]


def test_a_dog_has_no_face_of_a_person() -> None:
    dog = person(BODY, kind=Kind.DOG)
    assert dog in [one.body for one in sightings((dog, face(ON_ITS_HEAD)))]
    assert all(one.face is None for one in sightings((dog, face(ON_ITS_HEAD))) if one.body == dog)


def test_the_upper_half_once_more_is_the_same_body() -> None:
    half = person(Box(0.4, 0.2, 0.6, 0.5), 0.6)
    assert without_doubles([person(BODY, 0.8), half]) == [person(BODY, 0.8)]


def test_two_who_stand_half_before_each_other_are_two() -> None:
    other = person(Box(0.5, 0.2, 0.7, 0.9), 0.7)
    assert without_doubles([person(BODY), other]) == [person(BODY), other]


def test_an_unsure_box_is_sooner_taken_for_a_double_than_a_sure_one() -> None:
    shifted = Box(0.49, 0.2, 0.69, 0.9)
    sure, unsure = person(shifted, 0.7), person(shifted, 0.3)
    assert without_doubles([person(BODY), sure]) == [person(BODY), sure]
    assert without_doubles([person(BODY), unsure]) == [person(BODY)]


def test_someone_small_within_a_large_box_is_someone() -> None:
    child = person(Box(0.47, 0.6, 0.54, 0.8), 0.6)
    assert child in without_doubles([person(BODY), child])


def test_a_dog_before_someone_is_no_double_of_them() -> None:
    dog = person(Box(0.4, 0.5, 0.6, 0.9), 0.6, kind=Kind.DOG)
    assert dog in without_doubles([person(BODY), dog])


def test_the_surest_comes_first() -> None:
    weak, strong = person(Box(0.1, 0.2, 0.2, 0.6), 0.4), person(Box(0.7, 0.2, 0.8, 0.6), 0.9)
    assert [one.body for one in sightings((weak, strong))] == [strong, weak]
