"""The place for a model of actions, with a small one that is written here: it takes colours for postures."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import numpy as np
import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box
from smartlogd.base.seen import Detection, Guess, Kind
from smartlogd.base.time import Stamp
from smartlogd.detect.actions import PLACE, UNASKED, Action, ActionLook, action_input, checked, open_action, probable
from smartlogd.detect.audition import heard
from smartlogd.detect.catalogue import ModelSpec
from smartlogd.detect.convert import written
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.network import Network
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.registry import Registry, read_catalogue

LABELS = ("dog sit", "dog lie", "person stand", "other")
OPTIONS = DetectOptions(points_every_s=0.5, landmark_people=1)
LEFT, RIGHT = Box(0.0, 0.0, 0.5, 1.0), Box(0.5, 0.0, 1.0, 1.0)


def colours(weights: np.ndarray = np.vstack([np.eye(3), -np.ones(3)]) * 8, channels: int = 3) -> bytes:  # noqa: B008
    """A TFLite file that gives a logit for red, green, blue and none of them: the means of the colours, weighed."""
    made = Network()
    made.value((1, 16, 16, channels))
    mean = made.step("MEAN", (0, made.constant(np.array([1, 2], np.int32))), (1, channels))
    told = made.constant(weights[:, :channels].astype(np.float32))
    made.step("FULLY_CONNECTED", (mean, told), (1, len(weights)))
    return written(made)


def look(labels: tuple[str, ...] = LABELS, options: DetectOptions = OPTIONS) -> ActionLook:
    return ActionLook(checked(from_bytes(colours(), "colours"), labels), options)


def at(seconds: float) -> Stamp:
    return Stamp(round(seconds * 1e9), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=True)


def painted(left: int, right: int) -> np.ndarray:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, :40, left], pixels[:, 40:, right] = 255, 255
    return pixels


def test_a_dog_does_what_its_own_picture_says() -> None:
    (dog,) = look()(painted(1, 0), (Detection(Kind.DOG, LEFT, 0.9),))
    assert dog.guess is not None
    assert dog.guess.what == "lie"
    assert dog.guess.confidence > 0.8
    assert (dog.kind, dog.box, dog.score) == (Kind.DOG, LEFT, 0.9)


def test_a_label_of_another_kind_is_no_answer() -> None:
    (dog,) = look()(painted(2, 0), (Detection(Kind.DOG, LEFT, 0.9),))
    assert dog.guess is not None
    assert dog.guess.what == ""


def test_cats_and_kinds_without_labels_are_left_alone() -> None:
    cat, person = Detection(Kind.CAT, LEFT, 0.9), Detection(Kind.PERSON, RIGHT, 0.9)
    looked = look(("dog sit", "dog lie", "dog stand", "dog other"))
    assert looked(painted(0, 0), (cat, person)) == (cat, person)
    assert looked.calls == 0


def test_beings_take_turns_and_between_them_nothing_is_said() -> None:
    beings = (Detection(Kind.DOG, LEFT, 0.9), Detection(Kind.PERSON, RIGHT, 0.9))
    looked, pixels = look(), painted(0, 2)
    told = [[one.guess.what if one.guess else None for one in looked(pixels, beings, at(t))] for t in (0, 0.2, 0.5, 1)]
    assert told == [["sit", ""], ["", ""], ["", "stand"], ["sit", ""]]
    assert looked.calls == 3


def test_who_is_not_asked_is_not_guessed_at() -> None:
    looked = look()
    looked(painted(0, 0), (Detection(Kind.DOG, LEFT, 0.9),), at(0))
    (dog,) = looked(painted(0, 0), (Detection(Kind.DOG, LEFT, 0.9),), at(0.1))
    assert dog.guess == UNASKED == Guess("", 0.0)


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (np.array([[0.25, 0.75]], np.float32), [0.25, 0.75]),
        (np.array([[0.0, np.log(3)]], np.float32), [0.25, 0.75]),
        (np.array([[51, 204]], np.uint8), [0.2, 0.8]),
        (np.array([[-1000.0, 1000.0]], np.float32), [0, 1]),
    ],
)
def test_scores_become_probabilities(output: np.ndarray, wanted: list[float]) -> None:
    assert probable(output) == pytest.approx(wanted, abs=1e-6)


def test_the_picture_is_given_as_bytes_or_from_zero_to_one() -> None:
    square = np.full((2, 2, 3), 255, np.uint8)
    assert (action_input(square, "uint8").dtype, action_input(square, "uint8").max()) == (np.uint8, 255)
    assert (action_input(square, "float32").dtype, action_input(square, "float32").max()) == (np.float32, 1)


@pytest.mark.parametrize(
    ("content", "labels", "why"),
    [
        (colours(), (), "labels"),
        (colours(), ("sit", "stand"), "2 labels"),
        (colours(channels=1), LABELS, r"uint8 or float32\[1, s, s, 3\]"),
    ],
)
def test_a_model_that_breaks_the_contract_is_refused(content: bytes, labels: tuple[str, ...], why: str) -> None:
    with pytest.raises(UnusableInput, match=why):
        checked(from_bytes(content, "colours"), labels)


def test_a_kind_is_no_word_of_its_own() -> None:
    assert Action(look()._action.model, "uint8", ("dog", "Dog Sit ", "hot dog")).words(Kind.DOG) == (
        "dog", "sit", "hot dog",
    )  # fmt: skip


def placed(folder: Path, content: bytes, labels: tuple[str, ...]) -> tuple[Registry, ModelSpec]:
    """A registry in which the model was activated in the place of actions."""
    digest = hashlib.sha256(content).hexdigest()
    spec = ModelSpec(
        "colours", "1", "action", len(content), digest, "none", "", "", ".tflite", (), place=PLACE, labels=labels
    )
    (folder / spec.file).write_bytes(content)
    return Registry(read_catalogue(), folder).using(PLACE, spec), spec


def test_the_activated_model_is_opened_and_without_one_there_is_none(tmp_path: Path) -> None:
    registry, spec = placed(tmp_path, colours(), LABELS)
    heard(registry, spec)
    opened = open_action(OPTIONS, registry)
    assert opened is not None
    assert opened.name == "colours"
    assert open_action(OPTIONS, Registry(read_catalogue(), tmp_path)) is None


def test_a_model_that_breaks_the_contract_is_not_let_into_the_place(tmp_path: Path) -> None:
    registry, spec = placed(tmp_path, colours(), ("sit",))
    with pytest.raises(UnusableInput, match="1 labels"):
        heard(registry, spec)
