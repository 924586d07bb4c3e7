"""Who a photograph is of, and whether it can serve: decided on made faces, then on real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point
from smartlogd.base.pixels import scaled, warped
from smartlogd.base.seen import Detection, Keypoint, Kind, Pixels
from smartlogd.base.who import Embedding, Template, Who
from smartlogd.detect.interpreter import load
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.registry import Registry
from smartlogd.detect.stills import StillFaces
from smartlogd.identify.enrol import Enroller, Taken, foremost, is_double, is_unlike, mistaken
from smartlogd.identify.gallery import Gallery
from smartlogd.identify.photo import read_photo
from smartlogd.identify.quality import Gate, Refusal

ANNA, BO = Who(UUID(int=1), is_known=True), Who(UUID(int=2), is_known=True)
STRANGER = Who(UUID(int=3), is_known=False)


def face(width: float = 0.4, x: float = 0.5, score: float = 0.9) -> Detection:
    """A frontal face of this width on a square picture."""
    places = {"right_eye": (-0.2, -0.2), "left_eye": (0.2, -0.2), "nose": (0, 0.05), "mouth": (0, 0.25)}
    places |= {"right_ear": (-0.45, -0.1), "left_ear": (0.45, -0.1)}
    points = (Keypoint(name, Point(x + dx * width, 0.5 + dy * width)) for name, (dx, dy) in places.items())
    return Detection(Kind.FACE, Box.around(Point(x, 0.5), width, width), score, tuple(points))


class Flat:
    """An embedder for which all faces are one."""

    model = "flat"

    def embed(self, chip: Pixels) -> Embedding:
        assert chip.shape == (150, 150, 3)
        return np.full(128, 0.1, np.float32)


def noise(size: int = 400) -> Pixels:
    return np.random.default_rng(2).integers(40, 200, (size, size, 3), dtype=np.uint8)


def enroller(faces: Sequence[Detection]) -> Enroller:
    return Enroller(lambda _: tuple(faces), Flat(), Gate())


def word(seen: Taken | Refusal) -> str:
    return seen.word if isinstance(seen, Refusal) else "taken"


def test_one_good_face_is_taken() -> None:
    seen = enroller([face()]).look(noise())
    assert isinstance(seen, Taken)
    assert seen.vector.shape == (128,)
    assert 0 < seen.quality.overall <= 1


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ([], "no face"),
        ([face(x=0.25), face(x=0.75)], "several faces"),
        ([face(x=0.25), face(0.25, x=0.75)], "several faces"),
        ([face(x=0.25), face(0.15, x=0.75)], "taken"),
        ([face(x=0.25), face(x=0.75, score=0.6)], "taken"),
        ([face(score=0.67)], "taken"),
        ([face(score=0.55)], "unsure"),
        ([face(0.09)], "small"),
        ([replace(face(), keypoints=())], "no face"),
        ([face(score=0.3)], "unsure"),
    ],
)
def test_what_cannot_serve_is_refused_with_a_word(faces: list[Detection], expected: str) -> None:
    seen = enroller(faces).look(noise())
    assert word(seen) == expected
    if isinstance(seen, Refusal):
        assert seen.sentence.endswith(".")
        assert seen.hint.endswith(".")


def test_the_largest_face_is_whom_a_photograph_is_of() -> None:
    small, large = face(0.15, x=0.2, score=0.99), face(0.5, x=0.6, score=0.8)
    assert foremost([small, large]) is large


def test_darkness_and_blur_are_refused() -> None:
    assert word(enroller([face()]).look(noise() // 20)) == "dark"
    assert word(enroller([face()]).look(np.full((400, 400, 3), 120, np.uint8))) == "blurred"


def test_the_same_photograph_is_known_again() -> None:
    vector = np.full(128, 0.1, np.float32)
    assert is_double(vector, [vector + 0.5, vector + 0.0001])
    assert not is_double(vector, [vector + 0.01])
    assert not is_double(vector, [])


def at(distance: float) -> Embedding:
    vector = np.zeros(128, np.float32)
    vector[0] = distance
    return vector


def remembered(who: Who, distance: float) -> Template:
    return Template(UUID(int=int(distance * 1000)), who, "flat", at(distance), 0.9)


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        ([], [], None),
        ([], [remembered(BO, 0.49)], BO),
        ([], [remembered(BO, 0.51)], None),
        ([at(0.3)], [remembered(BO, 0.4)], None),
        ([at(0.3)], [remembered(BO, 0.3)], BO),
        ([at(0.3), at(0.1)], [remembered(BO, 0.2)], None),
        ([at(0.7)], [remembered(BO, 0.59)], BO),
        ([at(0.7)], [remembered(BO, 0.61)], None),
        ([at(0.3)], [remembered(STRANGER, 0.1)], None),
        ([at(0.3)], [remembered(STRANGER, 0.1), remembered(BO, 0.2)], BO),
    ],
)
def test_a_face_that_is_rather_anothers_is_told_of(
    own: list[Embedding], others: list[Template], expected: Who | None
) -> None:
    assert mistaken(at(0.0), own, Gallery(others), 0.5, 0.6) == expected


def test_a_face_is_unlike_when_all_others_of_the_person_are_far() -> None:
    assert is_unlike(at(0.0), [at(0.61), at(0.9)], 0.6)
    assert not is_unlike(at(0.0), [at(0.9), at(0.59)], 0.6)
    assert not is_unlike(at(0.0), [], 0.6)


# Real photographs ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(registry: Registry, model: Callable[[str], Path]) -> Enroller:
    """With the real face finder; faces are not told apart here, so any embedder will do."""
    short, full = (load(model(name), name) for name in ("face_short_range", "face_full_range"))
    return Enroller(StillFaces(short, full, DetectOptions()).find, Flat(), Gate())


@pytest.fixture
def astronaut(model: Callable[[str], Path]) -> Pixels:
    return read_photo(model("astronaut"))


def test_the_astronaut_is_taken(real: Enroller, astronaut: Pixels) -> None:
    assert word(real.look(astronaut)) == "taken"


def test_the_astronaut_is_refused_once_spoilt(real: Enroller, astronaut: Pixels) -> None:
    assert word(real.look(np.hstack([astronaut, astronaut]))) == "several faces"
    assert word(real.look(np.zeros_like(astronaut))) == "no face"
    assert word(real.look(scaled(astronaut, 150))) in ("small", "no face")
    assert word(real.look(astronaut // 12)) in ("dark", "no face")
    smeared = warped(scaled(astronaut, 32), np.array([[16.0, 0, 0], [0, 16.0, 0]]), 512)
    assert word(real.look(smeared)) in ("blurred", "unsure", "no face")


def test_a_small_face_in_the_background_does_not_matter(real: Enroller, astronaut: Pixels) -> None:
    both = np.zeros((512, 800, 3), np.uint8)
    both[:, :512] = astronaut
    both[300:500, 580:780] = scaled(astronaut, 200)
    assert word(real.look(both)) == "taken"


def test_photographs_of_one_person_are_taken_and_those_of_several_refused(real: Enroller, shared: Path) -> None:
    folder = shared / "faces"
    for path in ("obama/obama_01.jpg", "obama/obama_03.jpg", "obama/obama_04.jpg", "compreface_A/005_A.jpg"):
        assert word(real.look(read_photo(folder / path))) == "taken", path
    for path in ("group/obama_and_biden.jpg", "group/obama_biden_two_people.jpg", "detection/compreface_012_4.jpg"):
        assert word(real.look(read_photo(folder / path))) == "several faces", path
    assert word(real.look(read_photo(folder / "detection/compreface_017_0.jpg"))) == "no face"
