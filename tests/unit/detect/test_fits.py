"""A model takes another's place only where it speaks the same language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smartlogd.detect.fits import Tensors, why_not

POSE = Tensors(("float32", (1, 256, 256, 3)), (("float32", (1, 195)), ("float32", (1, 1))))
OBJECTS = Tensors(
    ("uint8", (1, 300, 300, 3)),
    (("float32", (1, 10, 4)), ("float32", (1, 10)), ("float32", (1, 10)), ("float32", (1,))),
)
COCO = ["person", *["thing"] * 15, "cat", "dog"]


def test_a_model_of_the_same_tensors_fits() -> None:
    assert why_not("pose_landmark_full", POSE, POSE) == ""


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (replace(POSE, takes=("uint8", (1, 256, 256, 3))), "it takes uint8[1, 256, 256, 3]"),
        (replace(POSE, takes=("float32", (1, 192, 192, 3))), "it takes float32[1, 192, 192, 3]"),
        (replace(POSE, takes=("float32", (256, 256, 3))), "it takes float32[256, 256, 3]"),
        (replace(POSE, gives=POSE.gives[:1]), "it gives 1 tensors, and this place wants 2"),
        (replace(POSE, gives=(POSE.gives[0], ("float32", (1, 2)))), "its output 2 is float32[1, 2]"),
        (replace(POSE, gives=(("int8", (1, 195)), POSE.gives[1])), "its output 1 is int8[1, 195]"),
    ],
)
def test_one_that_differs_is_refused_with_the_tensor_that_differs(candidate: Tensors, why: str) -> None:
    assert why_not("pose_landmark_full", candidate, POSE).startswith(why)


def test_a_detector_of_objects_may_look_at_larger_pictures_and_give_more_boxes() -> None:
    larger = Tensors(
        ("uint8", (1, 320, 320, 3)),
        (("float32", (1, 25, 4)), ("float32", (1, 25)), ("float32", (1, 25)), ("float32", (1,))),
    )
    assert why_not("coco_ssd_mobilenet", larger, OBJECTS, COCO) == ""


def test_sizes_that_a_model_leaves_open_fit_any() -> None:
    assert (
        why_not("coco_ssd_mobilenet", replace(OBJECTS, gives=(("float32", (1, -1, 4)), *OBJECTS.gives[1:])), OBJECTS)
        == ""
    )
    assert why_not("pose_landmark_full", replace(POSE, takes=("float32", (-1, 256, 256, 3))), POSE) == ""


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (["human", *COCO[1:]], "its class 0 is human, and this place looks for person there"),
        (COCO[:17], "its class 17 is nothing, and this place looks for dog there"),
    ],
)
def test_classes_must_mean_what_the_decoder_takes_them_for(labels: list[str], why: str) -> None:
    assert why_not("coco_ssd_mobilenet", OBJECTS, OBJECTS, labels) == why


def test_labels_say_nothing_of_a_place_without_classes() -> None:
    assert why_not("pose_landmark_full", POSE, POSE, ["sit"]) == ""
