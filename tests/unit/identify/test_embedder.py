"""A face becomes its chip, and the chip a point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box, Point
from smartlogd.base.ports import Tensor
from smartlogd.base.seen import Detection, Keypoint, Kind, Pixels
from smartlogd.base.who import DIMENSIONS
from smartlogd.identify.align import CHIP, KEYPOINTS, PLACES
from smartlogd.identify.embedder import TfliteEmbedder, chip, embedding


class Network:
    """A model port that gives what it was told to, and remembers what it was shown."""

    name = "network"
    input_shape = (1, CHIP, CHIP, 3)

    def __init__(self, answer: Callable[[Tensor], Tensor]) -> None:
        self.answer, self.shown = answer, []

    def __call__(self, tensor: Tensor) -> tuple[Tensor, ...]:
        self.shown.append(tensor)
        return (self.answer(tensor),)


def counting(tensor: Tensor) -> Tensor:
    """The light of the left half and of the right half, and nothing else."""
    point = np.zeros((1, DIMENSIONS), np.float32)
    point[0, 0], point[0, 1] = tensor[:, :, :75].mean(), tensor[:, :, 75:].mean()
    return point


def face_at(factor: float, left: float, top: float, width: int, height: int) -> Detection:
    """A face as it lies on the chip, `factor` times as large, its corner at left, top."""
    places = PLACES * factor + [left, top]
    points = tuple(
        Keypoint(name, Point(float(x) / width, float(y) / height))
        for name, (x, y) in zip(KEYPOINTS, places, strict=True)
    )
    return Detection(Kind.FACE, Box(0, 0, 1, 1), 0.9, points)


def pattern(size: int) -> Pixels:
    rows, columns = np.mgrid[0:size, 0:size]
    return np.stack([rows % 256, columns % 256, (rows + columns) % 256], axis=-1).astype(np.uint8)


def test_a_face_that_lies_as_on_the_chip_is_cut_out_as_it_is() -> None:
    picture = pattern(400)
    found = chip(picture, face_at(1, 100, 60, 400, 400))
    assert found is not None
    assert found.shape == (CHIP, CHIP, 3)
    assert np.abs(found.astype(int) - picture[60:210, 100:250]).max() <= 1


def test_a_large_face_is_antialiased() -> None:
    """Stripes of one pixel are grey from afar; plain bilinear would pick black or white of them."""
    picture = np.zeros((1500, 1500, 3), np.uint8)
    picture[:, ::2] = 255
    found = chip(picture, face_at(9, 60, 60, 1500, 1500))
    assert found is not None
    inner = found[10:140, 10:140].astype(int)
    assert np.abs(inner - 127).max() < 40


def test_a_large_face_lies_where_a_small_one_does() -> None:
    """Pixel (x, y) of the small picture is the square of five from (5x, 5y), whose middle is (5x + 2, 5y + 2)."""
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    small = cv2.resize(noise, (200, 200), interpolation=cv2.INTER_CUBIC)
    large = small.repeat(5, axis=0).repeat(5, axis=1)
    one, other = chip(small, face_at(1, 20, 20, 200, 200)), chip(large, face_at(5, 102, 102, 1000, 1000))
    assert one is not None
    assert other is not None
    apart = np.abs(one.astype(int) - other).mean()
    assert apart < 4
    assert apart < 0.3 * np.abs(one[:, 1:].astype(int) - other[:, :-1]).mean()


def test_a_face_beyond_the_picture_gives_a_chip_of_its_edge() -> None:
    found = chip(pattern(100), face_at(8, 5000, 5000, 100, 100))
    assert found is not None
    assert found.shape == (CHIP, CHIP, 3)


def test_a_face_without_keypoints_gives_no_chip() -> None:
    assert chip(pattern(100), Detection(Kind.FACE, Box(0, 0, 1, 1), 0.9)) is None


def test_the_model_is_shown_plain_light_as_floats() -> None:
    network = Network(counting)
    vector = TfliteEmbedder(network, "n").embed(np.full((CHIP, CHIP, 3), 200, np.uint8))
    assert network.shown[0].dtype == np.float32
    assert network.shown[0].shape == (1, CHIP, CHIP, 3)
    assert vector[:2].tolist() == [200, 200]
    assert vector.shape == (DIMENSIONS,)


def test_it_says_which_network_it_is() -> None:
    assert TfliteEmbedder(Network(counting), "network-1").model == "network-1"


def test_a_face_and_its_mirror_image_are_one_point() -> None:
    half = np.zeros((CHIP, CHIP, 3), np.uint8)
    half[:, :75] = 100
    embedder = TfliteEmbedder(Network(counting), "n")
    assert embedding(embedder, half)[:2].tolist() == [50, 50]
    assert embedding(embedder, half).tolist() == embedding(embedder, np.ascontiguousarray(half[:, ::-1])).tolist()


@pytest.mark.parametrize(
    "answer", [np.full((1, DIMENSIONS), np.nan, np.float32), np.zeros((1, 64), np.float32)], ids=["no number", "short"]
)
def test_what_is_no_embedding_is_refused(answer: Tensor) -> None:
    with pytest.raises(UnusableInput, match="no embedding"):
        TfliteEmbedder(Network(lambda _: answer), "n").embed(np.zeros((CHIP, CHIP, 3), np.uint8))


def test_the_real_network_knows_a_chip_again(model: Callable[[str], Path]) -> None:
    from smartlogd.detect.interpreter import load

    embedder = TfliteEmbedder(load(model("face_embedder"), "face_embedder"), "face_embedder")
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 255, (CHIP, CHIP, 3)).astype(np.uint8) for _ in range(2))
    darker = (one * 0.95).astype(np.uint8)
    here, there = embedder.embed(one), embedder.embed(darker)
    assert np.linalg.norm(here - there) < np.linalg.norm(here - embedder.embed(other))
