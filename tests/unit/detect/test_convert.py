"""Files that TFLite reads: each operation beside the same sum in numpy, and bytes that are always the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.detect.catalogue import Precision, read_catalogue
from smartlogd.detect.convert import convert, written
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.network import Network, halved

DRAW = np.random.default_rng(7)
PICTURE = DRAW.normal(0, 1, (1, 6, 6, 2)).astype(np.float32)
KERNEL = DRAW.normal(0, 1, (3, 3, 3, 2)).astype(np.float32)
BIASES = DRAW.normal(0, 1, 3).astype(np.float32)


def started() -> Network:
    made = Network()
    made.value(PICTURE.shape)
    return made


def run(made: Network) -> npt.NDArray[np.float32]:
    (given,) = from_bytes(written(made), "made")(PICTURE)
    return np.asarray(given, np.float32)


def windows(picture: npt.NDArray[np.float32], side: int, stride: int) -> npt.NDArray[np.float32]:
    """Every window [rows, columns, channels, side, side] of a picture."""
    views = np.lib.stride_tricks.sliding_window_view(picture[0], (side, side), (0, 1))
    return np.asarray(views[::stride, ::stride], np.float32)


@pytest.mark.parametrize(("stride", "padded"), [(1, True), (2, False)])
@pytest.mark.parametrize("relu", [True, False])
def test_a_convolution(stride: int, padded: bool, relu: bool) -> None:
    made = started()
    side = 6 if padded else 2
    takes = (0, made.constant(KERNEL), made.constant(BIASES))
    made.step("CONV_2D", takes, (1, side, side, 3), stride=stride, padded=padded, relu=relu)
    framed = np.pad(PICTURE, ((0, 0), (1, 1), (1, 1), (0, 0))) if padded else PICTURE
    wanted = np.einsum("yxcab,oabc->yxo", windows(framed, 3, stride), KERNEL) + BIASES
    np.testing.assert_allclose(run(made)[0], np.maximum(wanted, 0) if relu else wanted, atol=1e-5)


def test_the_largest_and_the_mean_of_windows() -> None:
    largest, mean = started(), started()
    largest.step("MAX_POOL_2D", (0,), (1, 2, 2, 2), stride=2, side=3)
    mean.step("AVERAGE_POOL_2D", (0,), (1, 3, 3, 2), stride=2, side=2)
    np.testing.assert_allclose(run(largest)[0], windows(PICTURE, 3, 2).max(axis=(3, 4)), atol=1e-6)
    np.testing.assert_allclose(run(mean)[0], windows(PICTURE, 2, 2).mean(axis=(3, 4)), atol=1e-6)


def test_filling_adding_and_a_mean_over_the_picture() -> None:
    made = started()
    filled = made.step("PAD", (0, made.constant(np.array([[0, 0], [0, 1], [0, 1], [0, 1]], np.int32))), (1, 7, 7, 3))
    added = made.step("ADD", (filled, filled), (1, 7, 7, 3), relu=True)
    made.step("MEAN", (added, made.constant(np.array([1, 2], np.int32))), (1, 3))
    wanted = np.maximum(2 * np.pad(PICTURE[0], ((0, 1), (0, 1), (0, 1))), 0).mean(axis=(0, 1))
    np.testing.assert_allclose(run(made)[0], wanted, atol=1e-6)


def test_a_matrix_kept_as_float16_is_widened_as_the_model_runs() -> None:
    made = Network()
    made.value((1, 100))
    matrix = DRAW.normal(0, 1, (60, 100)).astype(np.float32)
    made.step("FULLY_CONNECTED", (0, made.constant(matrix)), (1, 60))
    vector = DRAW.normal(0, 1, (1, 100)).astype(np.float32)
    whole, half = written(made), written(halved(made))
    np.testing.assert_allclose(from_bytes(whole, "w")(vector)[0][0], matrix @ vector[0], atol=1e-4)
    wanted = matrix.astype(np.float16).astype(np.float32) @ vector[0]
    np.testing.assert_allclose(from_bytes(half, "h")(vector)[0][0], wanted, atol=1e-4)
    assert len(half) < 0.6 * len(whole)


def test_constants_lie_where_the_processor_likes_to_read_them() -> None:
    made = started()
    made.step("CONV_2D", (0, made.constant(KERNEL), made.constant(BIASES)), (1, 6, 6, 3), padded=True)
    file = written(made)
    assert (file.find(KERNEL.tobytes()) % 16, file.find(BIASES.tobytes()) % 16) == (0, 0)


@pytest.mark.parametrize(("name", "precision"), [("face_embedder", "float32"), ("face_embedder_half", "float16")])
def test_the_weights_become_the_very_bytes_of_the_catalogue(
    model: Callable[[str], Path], name: str, precision: Precision
) -> None:
    file = convert(model("dlib_face_resnet").read_bytes(), precision)
    (wanted,) = (spec for spec in read_catalogue() if spec.name == name)
    assert (len(file), hashlib.sha256(file).hexdigest()) == (wanted.bytes, wanted.sha256)


def test_other_bytes_are_not_converted() -> None:
    with pytest.raises(UnusableInput):
        convert(b"\x01" * 4096, "float32")
