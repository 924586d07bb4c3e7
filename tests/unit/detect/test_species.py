"""Dog or cat, from several views."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.base.geometry import Box
from smartlogd.base.seen import Detection, Kind
from smartlogd.detect.species import SpeciesLook, kind_of

CAT, DOG, BEAR = 16.0, 17.0, 22.0
MIDDLE = Box(0.4, 0.4, 0.6, 0.6)
PICTURE = np.full((300, 300, 3), 200, np.uint8)


def answers(*rows: tuple[float, float, Box]):
    """What the model says of every view: class, score, and where in the view."""
    boxes = np.array([[[box.y0, box.x0, box.y1, box.x1] for _, _, box in rows]], np.float32).reshape(1, -1, 4)
    classes, scores = (np.array([[row[at] for row in rows]], np.float32) for at in (0, 1))
    return lambda _: (boxes, classes, scores, np.array([len(rows)], np.float32))


@pytest.fixture
def look(spoken):
    def made(*rows):
        return SpeciesLook(spoken("ssd", (1, 300, 300, 3), answers(*rows)))

    return made


LARGE, CORNER = Box(0.2, 0.2, 0.8, 0.8), Box(0.0, 0.0, 0.2, 0.2)


def test_scores_are_means_over_near_and_far_views_plain_and_mirrored(look) -> None:
    looked = look((DOG, 0.8, LARGE), (DOG, 0.5, LARGE), (BEAR, 0.3, LARGE), (CAT, 0.9, CORNER))
    assert looked.scores(PICTURE, MIDDLE) == pytest.approx({"dog": 0.8, "bear": 0.3})
    assert looked.calls == {"ssd": 6}


def test_views_show_the_animal_in_the_middle_and_grey_beyond_the_picture(spoken) -> None:
    model = spoken("ssd", (1, 300, 300, 3), answers())
    pixels = PICTURE.copy()
    pixels[:30, :30] = 0
    SpeciesLook(model).scores(pixels, Box(0, 0, 0.1, 0.1), rooms=(2.0,))
    plain, mirrored = (view[0] for view in model.shown)
    assert plain[150, 150, 0] == 0
    assert plain[20, 20, 0] == 127
    assert plain[20, 280, 0] == 127
    assert plain[290, 290, 0] == 200
    np.testing.assert_array_equal(plain, mirrored[:, ::-1])


@pytest.mark.parametrize(
    ("scores", "kind"),
    [({"dog": 0.5}, Kind.DOG), ({"cat": 0.3, "dog": 0.1}, Kind.CAT), ({"cat": 0.3, "dog": 0.25}, None), ({}, None)],
)
def test_only_the_clearly_better_class_is_told(scores, kind) -> None:
    assert kind_of(scores) is kind


def pair(dog: float, cat: float) -> list[Detection]:
    found = [Detection(Kind.DOG, MIDDLE, dog), Detection(Kind.CAT, MIDDLE, cat)]
    return sorted(found, key=lambda one: -one.score)


def test_who_is_much_surer_needs_no_second_look(look) -> None:
    looked = look((CAT, 0.9, LARGE))
    assert looked.settled(PICTURE, pair(0.9, 0.5)) == (Detection(Kind.DOG, MIDDLE, 0.9),)
    assert looked.calls == {}


def test_of_two_that_lie_upon_each_other_the_one_stays_that_it_is(look) -> None:
    looked = look((DOG, 0.6, LARGE))
    assert looked.settled(PICTURE, pair(0.6, 0.7)) == (Detection(Kind.DOG, MIDDLE, 0.7),)
    assert looked.calls == {"ssd": 4}


def test_where_it_stays_unclear_there_is_neither(look) -> None:
    assert look((DOG, 0.6, LARGE), (CAT, 0.6, LARGE)).settled(PICTURE, pair(0.6, 0.7)) == ()


def test_only_one_pair_is_looked_at_in_a_frame(look) -> None:
    aside = Box(0.0, 0.0, 0.2, 0.2)
    found = [*pair(0.6, 0.7), Detection(Kind.CAT, aside, 0.5), Detection(Kind.DOG, aside, 0.45)]
    looked = look((DOG, 0.6, LARGE))
    assert [one.kind for one in looked.settled(PICTURE, found)] == [Kind.DOG, Kind.CAT]
    assert looked.calls == {"ssd": 4}


def test_a_dog_beside_a_cat_and_a_person_in_front_of_a_dog_stay(look) -> None:
    found = (
        Detection(Kind.DOG, MIDDLE, 0.6),
        Detection(Kind.PERSON, MIDDLE, 0.6),
        Detection(Kind.CAT, CORNER, 0.6),
    )
    assert look().settled(PICTURE, found) == found
