"""Files as dlib writes them, of networks of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from smartlogd.detect.dlibfile import Convolution, Kernel, Numbers

ODDS = b"\x31\x31\x30\x01\x02" + b"\x01\x00" * 4
"""What dlib keeps between layers: nothing that a reader needs."""


def convolution(kernel: Kernel, seed: int) -> Convolution:
    """A convolution with numbers drawn by chance."""
    draw = np.random.default_rng(seed)
    weights = draw.normal(0, 0.1, (kernel.filters, kernel.depth, kernel.side, kernel.side))
    biases, gamma, beta = draw.normal(0, 1, (3, kernel.filters))
    return Convolution(kernel, *(numbers.astype(np.float32) for numbers in (weights, biases, gamma, beta)))


def integer(value: int) -> bytes:
    length = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([length | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(length, "little")


def integers(*values: int) -> bytes:
    return b"".join(integer(value) for value in values)


def text(word: str) -> bytes:
    return integer(len(word)) + word.encode()


def tensor(numbers: Numbers, *sides: int) -> bytes:
    return integers(2, *(sides or (numbers.size, 1, 1, 1))) + numbers.astype("<f4").tobytes()


def layer(made: Convolution) -> bytes:
    kernel = made.kernel
    numbers = np.concatenate([made.weights.ravel(), made.biases])
    told = (kernel.filters, kernel.side, kernel.side, kernel.stride, kernel.stride, kernel.padding, kernel.padding)
    affine = text("affine_") + tensor(np.concatenate([made.gamma, made.beta]))
    return text("con_4") + tensor(numbers) + integers(*told) + ODDS + affine + ODDS


def dat(layers: Sequence[Convolution], matrix: Numbers) -> bytes:
    """The whole file."""
    last = text("fc_2") + integers(matrix.shape[1], matrix.shape[0]) + tensor(matrix, *matrix.shape, 1, 1)
    return b"".join([integers(*[2] * 40), text("input_rgb_image_sized"), *map(layer, layers), ODDS, last, ODDS])
