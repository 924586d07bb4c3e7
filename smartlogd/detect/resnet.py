"""dlib's face recognition network as a list of steps: a residual network of 29 convolutions.

150 x 150 RGB -> convolution 7 x 7 -> largest of 3 x 3 -> fourteen blocks -> mean over the picture -> matrix ->
128 numbers. A block adds two 3 x 3 convolutions to what came in; one that halves the picture adds them to
its 2 x 2 means instead. Where the two summands differ, the smaller one is filled up with zeros.
Source: the network in dlib's dnn_face_recognition_ex.cpp, and the layers' rules in dlib/dnn/layers.h.

The trained network takes (RGB - means) / 256. Here that is part of the first convolution, whose picture is
not padded; and each channel's scaling is part of the convolution before it.
"""

from __future__ import annotations

import math

import numpy as np

from smartlogd.base.who import DIMENSIONS
from smartlogd.detect.dlibfile import Convolution, Kernel, Numbers, read_network
from smartlogd.detect.network import Does, Network, Shape

SIDE = 150
MEANS = (122.782, 117.001, 104.298)
SCALE = 256.0
MATRIX = (256, DIMENSIONS)

_FIRST = Kernel(filters=32, depth=3, side=7, stride=2, padding=0)
_BLOCKS = (
    *((32, False),) * 3,
    *((64, True), *((64, False),) * 3),
    *((128, True), *((128, False),) * 2),
    *((256, True), *((256, False),) * 2),
    (256, True),
)
"""Each block's channels, and whether it halves the picture."""


def kernels() -> tuple[Kernel, ...]:
    """The convolutions, in the order of the file.

    >>> len(kernels()), kernels()[7]
    (29, Kernel(filters=64, depth=32, side=3, stride=2, padding=0))
    """
    found, depth = [_FIRST], _FIRST.filters
    for filters, halves in _BLOCKS:
        found.append(Kernel(filters, depth, side=3, stride=2 if halves else 1, padding=0 if halves else 1))
        found.append(Kernel(filters, filters, side=3, stride=1, padding=1))
        depth = filters
    return tuple(found)


def face_network(content: bytes) -> Network:
    """The network whose numbers are in `content`, the bytes of dlib's file.

    It takes float32[1, 150, 150, 3], RGB from 0 to 255, and gives float32[1, 128]. Raises UnusableInput when
    the bytes are anything else.
    """
    convolutions, matrix = read_network(content, kernels(), MATRIX)
    made = Network()
    first, *others = convolutions
    at = _convolved(made, made.value((1, SIDE, SIDE, 3)), first.kernel, *_for_raw_pixels(*_scaled(first)), relu=True)
    at = _pooled(made, at, "MAX_POOL_2D", side=3)
    for one, two in zip(others[::2], others[1::2], strict=True):
        at = _block(made, at, one, two)
    at = made.step("MEAN", (at, made.constant(np.array([1, 2], np.int32))), (1, MATRIX[0]))
    made.step("FULLY_CONNECTED", (at, made.constant(matrix.T)), (1, MATRIX[1]))
    return made


def _block(made: Network, at: int, one: Convolution, two: Convolution) -> int:
    """Two convolutions, and the sum of what they give and what came in."""
    inner = _convolved(made, at, one.kernel, *_scaled(one), relu=True)
    inner = _convolved(made, inner, two.kernel, *_scaled(two), relu=False)
    past = at if one.kernel.stride == 1 else _pooled(made, at, "AVERAGE_POOL_2D", side=2)
    shape = tuple(max(sides) for sides in zip(made.shapes[inner], made.shapes[past], strict=True))
    return made.step("ADD", (_filled(made, inner, shape), _filled(made, past, shape)), shape, relu=True)


def _convolved(made: Network, at: int, kernel: Kernel, weights: Numbers, biases: Numbers, *, relu: bool) -> int:
    """A convolution; TFLite has its weights as [filters, side, side, depth]."""
    padded, there = kernel.padding > 0, made.shapes[at][1]
    left = there if padded else (there - kernel.side) // kernel.stride + 1
    takes = (at, made.constant(weights.transpose(0, 2, 3, 1)), made.constant(biases))
    return made.step("CONV_2D", takes, (1, left, left, kernel.filters), stride=kernel.stride, padded=padded, relu=relu)


def _pooled(made: Network, at: int, does: Does, side: int) -> int:
    """The largest, or the mean, of every second window."""
    _, there, _, channels = made.shapes[at]
    left = (there - side) // 2 + 1
    return made.step(does, (at,), (1, left, left, channels), stride=2, side=side)


def _filled(made: Network, at: int, shape: Shape) -> int:
    """The value with zeros at the bottom, at the right and as last channels, as far as `shape` is larger."""
    missing = np.array([(0, wanted - there) for wanted, there in zip(shape, made.shapes[at], strict=True)], np.int32)
    return made.step("PAD", (at, made.constant(missing)), shape) if missing.any() else at


def _scaled(layer: Convolution) -> tuple[Numbers, Numbers]:
    """The convolution's weights and biases with the scaling behind it in them."""
    gamma = layer.gamma.astype(np.float64)
    weights, biases = layer.weights * gamma[:, None, None, None], layer.biases * gamma + layer.beta
    return weights.astype(np.float32), biases.astype(np.float32)


def _for_raw_pixels(weights: Numbers, biases: Numbers) -> tuple[Numbers, Numbers]:
    """The first convolution for RGB from 0 to 255: exact, but for the rounding of each bias.

    The sums are exact too, so that they come out alike on every machine.
    """
    means = np.array(MEANS)[None, :, None, None] / SCALE
    taken = [math.fsum(each) for each in (weights * means).reshape(len(weights), -1)]
    return weights / np.float32(SCALE), (biases - np.array(taken)).astype(np.float32)
