from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Detection, Keypoint, Kind, Pixels
from smartlogd.base.who import Embedding, Template, Who
from smartlogd.identify.gallery import Gallery
from smartlogd.identify.strangers import Strangers

ANNA, SOMEBODY = Who(UUID(int=1), is_known=True), Who(UUID(int=2), is_known=False)


def face(x: float) -> Detection:
    places = {"right_eye": (-0.05, -0.05), "left_eye": (0.05, -0.05), "nose": (0, 0.01), "mouth": (0, 0.06)}
    points = tuple(Keypoint(name, Point(x + dx, 0.5 + dy)) for name, (dx, dy) in places.items())
    return Detection(Kind.FACE, Box.around(Point(x, 0.5), 0.2, 0.2), 0.9, points)


class ByShade:
    """An embedder for which a face is as bright as it is."""

    model = "shade"

    def embed(self, chip: Pixels) -> Embedding:
        return np.full(128, chip.mean() / 255 / np.sqrt(128), np.float32)


def picture() -> Pixels:
    """A dark face on the left, a bright one on the right."""
    pixels = np.full((200, 400, 3), 20, np.uint8)
    pixels[:, 200:] = 240
    return pixels


def gallery(who: Who, shade: float) -> Gallery:
    vector = np.full(128, shade / 255 / np.sqrt(128), np.float32)
    return Gallery([Template(UUID(int=9), who, "shade", vector, 1.0)])


def hidden(of: Gallery, known_distance: float = 0.1) -> list[float]:
    finder = Strangers(lambda _: (face(0.25), face(0.75)), ByShade(), of, known_distance)
    return [round(box.centre.x, 2) for box in finder(picture())]


def test_whoever_is_enrolled_is_shown_and_everyone_else_is_hidden() -> None:
    assert hidden(gallery(ANNA, 240)) == [0.25]
    assert hidden(gallery(ANNA, 20)) == [0.75]


def test_a_stranger_who_was_seen_before_is_hidden_all_the_same() -> None:
    assert hidden(gallery(SOMEBODY, 240)) == [0.25, 0.75]


def test_in_doubt_a_face_is_hidden() -> None:
    assert hidden(gallery(ANNA, 140)) == [0.25, 0.75]


def test_where_nobody_is_enrolled_everybody_is_a_stranger() -> None:
    assert hidden(Gallery()) == [0.25, 0.75]


@pytest.mark.parametrize("points", [(), (Keypoint("nose", Point(0.5, 0.5)),)])
def test_a_face_that_cannot_be_compared_is_hidden(points: tuple[Keypoint, ...]) -> None:
    bare = Detection(Kind.FACE, Box(0.4, 0.4, 0.6, 0.6), 0.9, points)
    assert Strangers(lambda _: (bare,), ByShade(), gallery(ANNA, 240), 9.0)(picture()) == (bare.box,)
