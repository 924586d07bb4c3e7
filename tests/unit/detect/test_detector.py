"""The door and the wide detector, with answers written down and with the real models."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import numpy as np
import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.geometry import Box
from smartlogd.base.seen import Guess, Kind
from smartlogd.detect.detector import DoorDetector, WideDetector, open_detector
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.registry import Registry, read_catalogue

OPTIONS = DetectOptions(face_crops=0, object_crops=0)


def face_answer(_):
    offsets, logits = np.zeros((1, 2304, 16), np.float32), np.full((1, 2304, 1), -20, np.float32)
    logits[0, 1200], offsets[0, 1200, 2:4] = 3, 20
    return offsets, logits


def body_answer(_):
    offsets, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -20, np.float32)
    logits[0, 800], offsets[0, 800, 2:4], offsets[0, 800, 7] = 3, 20, -60
    return offsets, logits


def nothing(_):
    return np.zeros((1, 1, 4)), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1)


async def test_a_door_finds_bodies_then_faces(spoken, frame) -> None:
    detector = DoorDetector(
        spoken("face", (1, 192, 192, 3), face_answer), spoken("pose", (1, 224, 224, 3), body_answer), None, OPTIONS
    )
    found = await detector.find(frame())
    await detector.close()
    assert [detection.kind for detection in found] == [Kind.PERSON, Kind.FACE]
    assert detector.calls == {"face": 1, "pose": 1}


async def test_faces_and_bodies_are_looked_for_at_the_same_time(spoken, frame) -> None:
    meet = threading.Barrier(2, timeout=10)  # each model waits in its run until the other is in its own

    def waiting(answer):
        def run(tensor):
            meet.wait()
            return answer(tensor)

        return run

    detector = DoorDetector(
        spoken("face", (1, 192, 192, 3), waiting(face_answer)),
        spoken("pose", (1, 224, 224, 3), waiting(body_answer)),
        None,
        OPTIONS,
    )
    assert len(await detector.find(frame())) == 2
    await detector.close()


async def test_the_event_loop_goes_on_while_a_model_runs(spoken, frame) -> None:
    go = threading.Event()

    def slow(tensor):
        assert go.wait(10)
        return nothing(tensor)

    detector = WideDetector(spoken("ssd", (1, 300, 300, 3), slow), OPTIONS)
    finding = asyncio.create_task(detector.find(frame()))
    await asyncio.sleep(0)
    go.set()  # reached only if the loop is free
    assert await finding == ()
    await detector.close()


async def test_what_fails_in_the_thread_is_raised_where_it_is_awaited(spoken, frame) -> None:
    def broken(_):
        raise Missing("The model is gone.")

    detector = WideDetector(spoken("ssd", (1, 300, 300, 3), broken), OPTIONS)
    with pytest.raises(Missing):
        await detector.find(frame())
    await detector.close()


async def test_closing_twice_does_nothing_and_leaves_no_thread(spoken, frame) -> None:
    detector = WideDetector(spoken("ssd", (1, 300, 300, 3), nothing), OPTIONS)
    await detector.find(frame())
    await detector.close()
    await detector.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("smartlogd-objects")]


async def test_a_model_that_hangs_keeps_its_detector_from_closing_and_nobody_else_from_going_on(spoken, frame) -> None:
    go = threading.Event()

    def hanging(tensor):
        go.wait(10)
        return nothing(tensor)

    detector = WideDetector(spoken("ssd", (1, 300, 300, 3), hanging), OPTIONS)
    finding = asyncio.create_task(detector.find(frame()))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await detector.close()
    go.set()
    await finding
    await detector.close()


def test_a_missing_model_is_named(tmp_path) -> None:
    empty = Registry(read_catalogue(), tmp_path)
    with pytest.raises(Missing, match="face_full_range"):
        open_detector(OPTIONS, empty, feet=False)
    with pytest.raises(Missing, match="coco_ssd_mobilenet"):
        open_detector(DetectOptions(profile="wide"), empty, feet=False)


@pytest.mark.parametrize(("feet", "landmarks"), [(False, False), (True, False), (False, True)])
async def test_landmarks_run_only_when_someone_asks_for_feet(model, registry, frame, shared, picture, feet, landmarks):
    for name in ("face_full_range", "pose_detector", "pose_landmark_full"):
        model(name)
    detector = open_detector(DetectOptions(landmarks=landmarks), registry, feet=feet)
    found = await detector.find(frame(picture("poses/ur_stand_02.png")))
    await detector.close()
    asked = feet or landmarks
    assert (detector.calls.get("pose_landmark_full", 0) > 0) is asked
    assert (found[0].keypoint("left_ankle") is not None) is asked


async def test_the_same_frame_and_regions_give_the_same_detections(model, registry, frame, shared, picture) -> None:
    model("coco_ssd_mobilenet")
    street = frame(picture("poses/mpii_stand_1.jpg"), seq=5)
    regions = (Box(0.5, 0.4, 0.7, 0.9), Box(0.1, 0.1, 0.2, 0.3))
    answers = []
    for _ in range(2):
        detector = open_detector(DetectOptions(profile="wide"), registry, feet=False)
        answers.append(await detector.find(street, regions))
        await detector.close()
    assert answers[0] == answers[1] != ()


async def test_in_the_wide_profile_people_get_points_where_the_models_of_bodies_are_here(
    model, registry, frame, picture, tmp_path
) -> None:
    for name in ("coco_ssd_mobilenet", "pose_detector", "pose_landmark_full"):
        model(name)
    street = frame(picture("poses/ur_stand_02.png"))
    (alone := tmp_path / registry.path("coco_ssd_mobilenet").name).write_bytes(registry.content("coco_ssd_mobilenet"))
    told = []
    for here, options, feet in (
        (registry, DetectOptions(profile="wide"), False),
        (registry, DetectOptions(profile="wide", landmarks=False), False),
        (registry, DetectOptions(profile="wide"), True),
        (Registry(read_catalogue(), alone.parent), DetectOptions(profile="wide"), False),
    ):
        detector = open_detector(options, here, feet=feet)
        found = await detector.find(street)
        await detector.close()
        told.append((found[0].keypoint("left_hip") is not None, found[0].box, len(detector.calls)))
    assert [has_points for has_points, _, _ in told] == [True, False, False, False]
    assert len({box for _, box, _ in told}) == 1
    assert [models for _, _, models in told] == [3, 1, 1, 1]


class Guesses:
    """A model of actions that says what it is told to."""

    name, calls = "colours", 1

    def __call__(self, pixels, found, stamp):
        return tuple(replace(one, guess=Guess("sit", 0.6)) for one in found)


async def test_a_model_of_actions_guesses_at_bodies_and_not_at_faces(spoken, frame) -> None:
    detector = DoorDetector(
        spoken("face", (1, 192, 192, 3), face_answer),
        spoken("pose", (1, 224, 224, 3), body_answer),
        None,
        OPTIONS,
        actions=Guesses(),
    )
    person, face = await detector.find(frame())
    await detector.close()
    assert (person.guess, face.guess) == (Guess("sit", 0.6), None)
    assert detector.calls["colours"] == 1


async def test_over_a_wide_view_too_actions_are_guessed_at(spoken, frame) -> None:
    def dog(_):
        box = np.array([[[0.3, 0.3, 0.7, 0.7]]], np.float32)
        return box, np.array([[17.0]]), np.array([[0.9]], np.float32), np.ones(1)

    detector = WideDetector(spoken("ssd", (1, 300, 300, 3), dog), OPTIONS, actions=Guesses())
    (found,) = await detector.find(frame())
    await detector.close()
    assert found.guess == Guess("sit", 0.6)
