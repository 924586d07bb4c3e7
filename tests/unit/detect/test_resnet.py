"""The network's plan: the sizes of its pictures, and what is folded into its first convolution."""

from __future__ import annotations

import numpy as np
import pytest
from dlibmade import convolution, dat

from smartlogd.detect.network import Network
from smartlogd.detect.resnet import MATRIX, MEANS, SCALE, face_network, kernels

LAYERS = [convolution(kernel, seed) for seed, kernel in enumerate(kernels())]


@pytest.fixture(scope="module")
def plan() -> Network:
    """The plan of a network of that shape, with numbers drawn by chance."""
    return face_network(dat(LAYERS, np.ones(MATRIX, np.float32)))


def test_each_halving_block_gives_the_size_that_dlib_has(plan: Network) -> None:
    sums = [plan.shapes[step.gives] for step in plan.steps if step.does == "ADD"]
    sizes = [35] * 3 + [17] * 4 + [8] * 3 + [4] * 3 + [2]
    channels = [32] * 3 + [64] * 4 + [128] * 3 + [256] * 4
    assert sums == [(1, size, size, depth) for size, depth in zip(sizes, channels, strict=True)]
    assert plan.shapes[0] == (1, 150, 150, 3)
    assert plan.shapes[plan.steps[-1].gives] == (1, 128)


def test_the_smaller_summand_is_filled_at_its_end(plan: Network) -> None:
    fillings = [plan.constants[step.takes[1]].tolist() for step in plan.steps if step.does == "PAD"]
    assert fillings == [
        [[0, 0], [0, 0], [0, 0], [0, 32]],
        [[0, 0], [0, 0], [0, 0], [0, 64]],
        [[0, 0], [0, 1], [0, 1], [0, 0]],  # the convolutions' sum is one smaller than the means it is added to
        [[0, 0], [0, 0], [0, 0], [0, 128]],
        [[0, 0], [0, 1], [0, 1], [0, 0]],
    ]


def test_the_first_convolution_takes_raw_pixels_as_if_means_and_scale_had_come_before(plan: Network) -> None:
    weights, biases = (plan.constants[number].astype(np.float64) for number in plan.steps[0].takes[1:])
    patch = np.random.default_rng(0).integers(0, 256, (7, 7, 3)).astype(np.float64)
    first = LAYERS[0]
    trained = np.einsum("ocyx,yxc->o", first.weights.astype(np.float64), (patch - MEANS) / SCALE) + first.biases
    wanted = np.maximum(trained * first.gamma + first.beta, 0)
    given = np.maximum(np.einsum("oyxc,yxc->o", weights, patch) + biases, 0)
    np.testing.assert_allclose(given, wanted, atol=1e-5)
