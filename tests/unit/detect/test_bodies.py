"""People on photographs: two detectors that must be sure together, with answers written down and real ones."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.seen import Kind
from smartlogd.detect.bodies import StillPeople, open_people
from smartlogd.detect.landmarks import NAMES
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.registry import Registry, read_catalogue

PIXELS = np.full((448, 448, 3), 210, np.uint8)
PIXELS[:12, :12] = PIXELS[-12:, -12:] = 255  # only who sees the whole picture sees both


def is_whole(tensor: np.ndarray) -> bool:
    return bool(tensor[0, 2, 2, 0] == tensor[0, -3, -3, 0] == tensor.max() != tensor[0, 100, 100, 0])


def pose(score: float):
    """One body in the middle of the whole picture, 60 of 224 pixels from its hips to its outline; none elsewhere."""

    def answer(tensor: np.ndarray):
        offsets, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -20, np.float32)
        if is_whole(tensor) and score > 0:
            row = (14 * 28 + 14) * 2  # of the coarse grid's cells of 8 pixels: the one in the middle
            logits[0, row], offsets[0, row, 2:4], offsets[0, row, 7] = np.log(score / (1 - score)), 40, -60
        return offsets, logits

    return answer


def objects(score: float, box: tuple[float, float, float, float] = (0.3, 0.35, 0.7, 0.65)):
    """One person in the middle of the whole picture."""

    def answer(tensor: np.ndarray):
        seen = score if is_whole(tensor) else 0.0
        return np.array([[box]], np.float32), np.zeros((1, 1)), np.array([[seen]], np.float32), np.ones(1)

    return answer


def landmark(presence: float = 1.0):
    """Points from the top to the bottom of the crop, whatever it shows."""

    def answer(tensor: np.ndarray):
        rows = np.zeros((39, 5), np.float32)
        rows[:, 3] = 4
        rows[:33, 0], rows[:33, 1] = np.linspace(90, 166, 33), np.linspace(40, 216, 33)
        rows[33, :2], rows[34, :2] = (128, 128), (128, 128 - 256 / 2.5)
        cold = np.full((1, 64, 64, 39), -20, np.float32)
        return rows.reshape(1, 195), np.array([[presence]], np.float32), np.zeros(1), cold, np.ones((1, 117))

    return answer


@pytest.fixture
def people(spoken):
    def made(bodies, things, points) -> StillPeople:
        return StillPeople(
            spoken("pose", (1, 224, 224, 3), bodies),
            spoken("landmark", (1, 256, 256, 3), points),
            spoken("ssd", (1, 300, 300, 3), things) if things else None,
            DetectOptions(),
        )

    return made


def test_a_body_that_both_are_sure_of_together_is_believed(people) -> None:
    (found,) = people(pose(0.7), objects(0.5), landmark()).find(PIXELS)
    assert found.kind is Kind.PERSON
    assert found.score == pytest.approx(0.6, abs=0.01)
    assert all(found.keypoint(name) is not None for name in NAMES)


def test_a_dark_picture_is_brightened_first(spoken) -> None:
    models = [spoken("pose", (1, 224, 224, 3), pose(0.0)), spoken("points", (1, 256, 256, 3), landmark())]
    things = spoken("ssd", (1, 300, 300, 3), objects(0.0))
    StillPeople(*models, things, DetectOptions()).find(PIXELS // 10)
    assert min(shown.max() for shown in things.shown) >= 250


@pytest.mark.parametrize(
    ("bodies", "things", "points"),
    [
        (pose(0.95), objects(0.0), landmark()),
        (pose(0.7), objects(0.4), landmark()),
        (pose(0.7), objects(0.5), landmark(0.4)),
        (pose(0.0), objects(0.0), landmark()),
    ],
    ids=["one alone is not enough", "both, but too weakly", "the model of the points sees nobody", "nobody"],
)
def test_who_is_not_believed(people, bodies, things, points) -> None:
    assert people(bodies, things, points).find(PIXELS) == ()


def test_what_is_found_elsewhere_speaks_for_nobody(people) -> None:
    aside = objects(0.55, (0.0, 0.0, 0.1, 0.1))
    assert people(pose(0.7), aside, landmark()).find(PIXELS) == ()


def test_someone_found_by_one_alone_is_tried_in_four_turns(people) -> None:
    (found,) = people(pose(0.0), objects(0.8), landmark()).find(PIXELS)
    assert found.score == pytest.approx(0.4)
    assert found.keypoint("left_hip") is not None


def test_who_is_seen_in_no_turn_is_not_told(people) -> None:
    assert people(pose(0.0), objects(0.8), landmark(0.8)).find(PIXELS) == ()
    assert people(pose(0.0), objects(0.5), landmark()).find(PIXELS) == ()


def test_without_the_second_detector_the_first_must_be_surer(people) -> None:
    assert len(people(pose(0.85), None, landmark()).find(PIXELS)) == 1
    assert people(pose(0.7), None, landmark()).find(PIXELS) == ()


def test_a_missing_second_detector_is_done_without(model, registry, tmp_path, caplog) -> None:
    for each in ("pose_detector", "pose_landmark_full"):
        model(each)
        (tmp_path / registry.path(each).name).write_bytes(registry.content(each))
    with caplog.at_level(logging.WARNING, "smartlogd.detect"):
        open_people(DetectOptions(), Registry(read_catalogue(), tmp_path))
    assert [record.missing for record in caplog.records] == ["coco_ssd_mobilenet"]


def test_a_missing_model_is_named(tmp_path) -> None:
    with pytest.raises(Missing, match="pose_detector"):
        open_people(DetectOptions(), Registry(read_catalogue(), tmp_path))


@pytest.mark.parametrize(
    ("name", "count"), [("ur_lie_04.png", 1), ("mpii_sit_2.jpg", 2), ("ambianic_porch_empty.jpg", 0)]
)
def test_people_of_real_photographs_are_found_with_their_points(model, registry, picture, name, count) -> None:
    for each in ("pose_detector", "pose_landmark_full", "coco_ssd_mobilenet"):
        model(each)
    found = open_people(DetectOptions(), registry).find(picture(f"poses/{name}"))
    assert len(found) == count
    assert all(body.keypoint("left_hip").world is not None for body in found)
