"""The faces of a gallery judged against one another: each fault is found, and a sound gallery has none."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from smartlogd.base.time import monotonic_s
from smartlogd.base.who import Template, Who
from smartlogd.identify.gallery import Gallery
from smartlogd.identify.review import (
    MOST_FALSE_ACCEPT,
    Fault,
    Review,
    others_in_general,
    review,
)

KNOWN, DOUBT = 0.50, 0.60


def person(number: int) -> Who:
    return Who(UUID(int=1000 + number), is_known=True)


def gallery(people: int, each: int, *, apart: float = 0.8, spread: float = 0.3, seed: int = 3) -> list[Template]:
    """Faces about `spread` from their own and `apart` and more from others', as in 128 dimensions they are."""
    chance = np.random.default_rng(seed)
    middles = chance.normal(size=(people, 128)) * apart / 16
    faces = []
    for number, middle in enumerate(middles):
        for _ in range(each):
            vector = (middle + chance.normal(size=128) * spread / 16).astype(np.float32)
            faces.append(Template(UUID(int=len(faces)), person(number), "net", vector, 0.8))
    return faces


def faults(result: Review) -> list[tuple[Fault, UUID]]:
    return [(finding.fault, finding.template) for finding in result.findings]


def test_a_sound_gallery_has_no_faults() -> None:
    result = review(gallery(12, 4), KNOWN, DOUBT)
    assert result.findings == ()
    assert (result.people, result.templates, result.own_looks, result.other_looks) == (12, 48, 48, 48)


def test_of_two_copies_the_worse_is_a_duplicate() -> None:
    faces = gallery(3, 3)
    copy = replace(faces[4], id=UUID(int=99), vector=faces[4].vector + np.float32(0.001), quality=0.5)
    result = review([*faces, copy], KNOWN, DOUBT)
    assert faults(result) == [(Fault.DUPLICATE, copy.id)]
    assert result.findings[0].distance == pytest.approx(0.001 * 128**0.5, rel=0.1)


def test_copies_of_one_photograph_do_not_make_a_person_look_steady() -> None:
    """Three copies of a face would be 0 from each other: they say nothing of how the person looks the next time."""
    face = gallery(1, 1)[0]
    copies = [replace(face, id=UUID(int=number)) for number in range(3)]
    result = review(copies, KNOWN, DOUBT)
    assert [fault for fault, _ in faults(result)] == [Fault.DUPLICATE] * 2
    assert result.own_looks == 0


def test_a_face_far_from_its_own_is_an_outlier_and_does_not_spoil_the_estimate() -> None:
    faces = gallery(12, 4)
    stray = replace(faces[0], id=UUID(int=99), vector=faces[0].vector + np.float32(0.2))
    result = review([*faces, stray], KNOWN, DOUBT)
    assert faults(result) == [(Fault.OUTLIER, stray.id)]
    assert result.suggested == review(faces, KNOWN, DOUBT).suggested


def test_a_face_under_the_wrong_name_is_an_outlier_and_too_close_to_whose_it_is() -> None:
    faces = gallery(6, 4)
    wrong = replace(faces[0], id=UUID(int=99), who=person(3))
    found = review([*faces, wrong], KNOWN, DOUBT).findings
    mine = [finding for finding in found if finding.template == wrong.id]
    assert [(finding.fault, finding.other) for finding in mine] == [(Fault.OUTLIER, None), (Fault.CLOSE, person(0))]
    assert all(finding.is_wrong for finding in mine)
    assert [finding for finding in found if finding.template != wrong.id] == []


def test_two_people_who_look_alike_are_too_close() -> None:
    faces = gallery(4, 3)
    twin = [replace(face, id=UUID(int=90 + n), who=person(9)) for n, face in enumerate(gallery(4, 3, seed=3)[:3])]
    twin = [replace(face, vector=face.vector + np.float32(0.02)) for face in twin]
    found = review([*faces, *twin], KNOWN, DOUBT).findings
    assert {finding.fault for finding in found} == {Fault.CLOSE}
    assert {(finding.who, finding.other) for finding in found} == {(person(0), person(9)), (person(9), person(0))}


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ([], 0.49, [Fault.CLOSE]),
        ([], 0.51, []),
        ([0.3], 0.49, [Fault.CLOSE]),
        ([0.3], 0.51, []),
        ([0.55], 0.54, [Fault.CLOSE]),
        ([0.55], 0.56, []),
        ([0.7], 0.65, [Fault.OUTLIER]),
    ],
)
def test_what_is_close_and_what_is_far_is_as_near_as_the_thresholds_say(
    own: list[float], other: float, expected: list[Fault]
) -> None:
    def at(place: int, distance: float, who: Who) -> Template:
        vector = np.zeros(128, np.float32)
        vector[place] = distance
        return Template(UUID(int=10 + place), who, "net", vector, 0.8 - place / 10)

    faces = [at(0, 0.0, person(0)), at(1, other, person(1))] + [at(2, distance, person(0)) for distance in own]
    found = review(faces, KNOWN, DOUBT).findings
    assert [finding.fault for finding in found if finding.template == faces[0].id] == expected


def test_strangers_are_no_part_of_it() -> None:
    faces = gallery(2, 2)
    stranger = replace(faces[0], id=UUID(int=99), who=Who(UUID(int=5), is_known=False))
    assert review([*faces, stranger], KNOWN, DOUBT) == review(faces, KNOWN, DOUBT)


def test_the_order_of_the_faces_does_not_matter() -> None:
    faces = gallery(4, 3)
    faces.append(replace(faces[0], id=UUID(int=99), who=person(3)))
    assert review(faces, KNOWN, DOUBT) == review(faces[::-1], KNOWN, DOUBT)


def test_without_faces_the_estimate_is_what_is_known_in_general() -> None:
    result = review([], KNOWN, DOUBT)
    assert (result.people, result.templates, result.findings) == (0, 0, ())
    assert result.suggested.threshold == pytest.approx(0.57)
    assert result.current.false_accept == pytest.approx(others_in_general(1).cdf(KNOWN))
    assert 0.05 < result.current.false_reject < 0.1
    assert not result.is_sure


def test_the_more_are_known_the_nearer_is_some_one_of_them_to_a_stranger() -> None:
    measured = {5: 0.0004, 15: 0.003, 45: 0.009}
    for people, share in measured.items():
        assert others_in_general(people).cdf(0.50) == pytest.approx(share, rel=0.5)


@pytest.mark.parametrize(("apart", "spread"), [(0.5, 0.3), (0.8, 0.3), (1.2, 0.2)])
def test_the_suggested_threshold_names_no_more_strangers_than_allowed(apart: float, spread: float) -> None:
    suggested = review(gallery(30, 4, apart=apart, spread=spread), KNOWN, DOUBT).suggested
    assert suggested.false_accept <= MOST_FALSE_ACCEPT or suggested.threshold == 0.40
    assert 0.40 <= suggested.threshold <= 0.60


def test_people_farther_apart_allow_a_looser_threshold() -> None:
    near, far = (review(gallery(30, 4, apart=apart), KNOWN, DOUBT) for apart in (0.55, 0.9))
    assert near.suggested.threshold < far.suggested.threshold
    assert near.current.false_accept > far.current.false_accept


@pytest.mark.parametrize(("apart", "spread"), [(0.48, 0.35), (0.7, 0.5)])
def test_what_is_expected_of_looks_comes_true(apart: float, spread: float) -> None:
    """Of three hundred people one half is known; the estimate sees these alone."""
    everyone = gallery(300, 6, apart=apart, spread=spread)
    known = [face for face in everyone if face.who.id.int < 1150]
    enrolled = Gallery([face for face in known if face.id.int % 6 < 4])
    expected = review(enrolled.templates, KNOWN, DOUBT).current
    again = [face for face in known if face.id.int % 6 >= 4]
    strangers = [face for face in everyone if face.who.id.int >= 1150]
    missed = np.mean([enrolled.nearest(face.vector, 1)[0].distance > KNOWN for face in again])
    named = np.mean([enrolled.nearest(face.vector, 1)[0].distance <= KNOWN for face in strangers])
    assert 0.05 < max(missed, named) < 0.95
    assert expected.false_reject == pytest.approx(missed, abs=0.05)
    assert expected.false_accept == pytest.approx(named, abs=0.05)


def test_it_is_sure_only_with_many_faces() -> None:
    assert not review(gallery(10, 4), KNOWN, DOUBT).is_sure
    assert review(gallery(20, 4), KNOWN, DOUBT).is_sure
    assert not review(gallery(60, 1), KNOWN, DOUBT).is_sure


def test_points_of_two_networks_are_not_compared() -> None:
    faces = gallery(2, 1)
    with pytest.raises(ValueError, match="different networks"):
        review([faces[0], replace(faces[1], model="other")], KNOWN, DOUBT)


def test_a_large_gallery_is_judged_in_seconds() -> None:
    faces = gallery(1000, 4)
    began_s = monotonic_s()
    assert review(faces, KNOWN, DOUBT).templates == 4000
    assert monotonic_s() - began_s < 15
