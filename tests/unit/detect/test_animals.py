"""Dogs and cats on photographs, with answers written down and with the real model."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.seen import Kind
from smartlogd.detect.animals import StillAnimals, open_animals
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.registry import Registry, read_catalogue

CAT, DOG, BEAR, PERSON = 16, 17, 22, 0


def answer(*rows: tuple[int, float, tuple[float, float, float, float]]):
    boxes = np.array([[box for _, _, box in rows]], np.float32).reshape(1, -1, 4)
    classes = np.array([[number for number, _, _ in rows]], np.float32)
    return boxes, classes, np.array([[score for _, score, _ in rows]], np.float32), np.array([len(rows)], np.float32)


HALF, QUARTER, FILLED = (0.3, 0.3, 0.7, 0.7), (0.3, 0.3, 0.55, 0.6), (0.1, 0.1, 0.9, 0.9)


def animals(spoken, first, again):
    """The model says `first` of the whole picture, which is grey, and `again` of each view, which is grey no more."""
    return StillAnimals(
        spoken("ssd", (1, 300, 300, 3), lambda tensor: answer(*(first if tensor[0, 0, 0, 0] == 9 else again))),
        DetectOptions(),
    )


PIXELS = np.full((300, 300, 3), 200, np.uint8)
PIXELS[:8, :8] = 9


@pytest.mark.parametrize(
    ("first", "again", "wanted"),
    [
        ([(DOG, 0.8, HALF)], [(DOG, 0.7, FILLED)], [Kind.DOG]),
        ([(CAT, 0.8, HALF)], [(DOG, 0.7, FILLED), (CAT, 0.3, FILLED)], [Kind.DOG]),
        ([(DOG, 0.8, HALF)], [(DOG, 0.5, FILLED), (CAT, 0.5, FILLED)], []),
        ([(DOG, 0.8, HALF)], [(BEAR, 0.7, FILLED), (DOG, 0.5, FILLED)], [Kind.DOG]),
        ([(BEAR, 0.8, HALF)], [(BEAR, 0.3, FILLED), (DOG, 0.5, FILLED)], [Kind.DOG]),
        ([(BEAR, 0.8, HALF)], [(BEAR, 0.7, FILLED), (DOG, 0.5, FILLED)], []),
        ([(PERSON, 0.8, HALF)], [(DOG, 0.7, FILLED)], []),
        ([(DOG, 0.35, HALF)], [(DOG, 0.7, FILLED)], []),
        ([(DOG, 0.8, HALF), (CAT, 0.7, QUARTER)], [(DOG, 0.7, FILLED)], [Kind.DOG]),
    ],
    ids=[
        "a dog is a dog", "a cat that is a dog when seen alone", "unclear", "a dog that looks like a bear",
        "a bear that is rather a dog", "a bear", "a person", "too weak", "a head is no second dog",
    ],
)  # fmt: skip
def test_what_is_found_is_what_it_is_when_seen_alone(spoken, first, again, wanted) -> None:
    assert [one.kind for one in animals(spoken, first, again).find(PIXELS)] == wanted


def test_a_missing_model_is_named(tmp_path) -> None:
    with pytest.raises(Missing, match="coco_ssd_mobilenet"):
        open_animals(DetectOptions(), Registry(read_catalogue(), tmp_path))


@pytest.mark.parametrize(
    ("name", "dogs"),
    [("dlib_dog_bicycle_truck.jpg", 1), ("coral_pets_two_dogs.jpg", 2), ("coral_cat2_negative.bmp", 0)],
)
def test_dogs_of_real_photographs_are_found_and_cats_are_no_dogs(model, registry, picture, name, dogs) -> None:
    model("coco_ssd_mobilenet")
    found = open_animals(DetectOptions(), registry).find(picture(f"dogs/{name}"))
    assert sum(one.kind is Kind.DOG for one in found) == dogs
