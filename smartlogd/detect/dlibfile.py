"""Reading the numbers of dlib's face recognition network out of the file that dlib wrote it to.

dlib writes a network as the versions of all its layers, then each layer's name, numbers and settings, the
input's side first, then much that only matters while it learns. Nothing says how long a layer is. So each
layer that has numbers is looked for by its name, close behind the one before it, and must then be of the
expected size to the byte: a file that is anything else than this network is refused.

An integer is one control byte (bits 0-3: how many bytes follow, bit 7: negative) and that many bytes, the
lowest first; a tensor is the integer 2, its four sides, and float32 numbers, little-endian.
Source: dlib/serialize.h and dlib/dnn/layers.h of dlib 19.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartlogd.base.errors import UnusableInput

Numbers = npt.NDArray[np.float32]

_TENSOR = 2
_GAP = 512
"""Most bytes between two layers with numbers, and before the first: settings, pooling, additions."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A convolution as the file has it: how many filters, of what depth, their side, their step, their padding."""

    filters: int
    depth: int
    side: int
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution's numbers, and what each channel is then multiplied by and moved by.

    Weights are float32[filters, depth, side, side]; biases, gamma and beta float32[filters].
    """

    kernel: Kernel
    weights: Numbers
    biases: Numbers
    gamma: Numbers
    beta: Numbers


def read_network(
    content: bytes, kernels: Sequence[Kernel], matrix: tuple[int, int]
) -> tuple[list[Convolution], Numbers]:
    """The convolutions of these kernels, in the file's order, and the last layer's matrix (in, out).

    Raises UnusableInput when the file does not hold just that.
    """
    reader = _Reader(content)
    convolutions = [reader.convolution(kernel) for kernel in kernels]
    return convolutions, reader.matrix(*matrix)


class _Reader:
    """A place in the file, that only moves forward."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def convolution(self, kernel: Kernel) -> Convolution:
        """The next convolution, and the scaling behind it."""
        self._find(b"con_4")
        shape = (kernel.filters, kernel.depth, kernel.side, kernel.side)
        numbers = self._tensor((math.prod(shape) + kernel.filters, 1, 1, 1))
        told = tuple(self._integer() for _ in range(7))
        if told != (kernel.filters, *(kernel.side,) * 2, *(kernel.stride,) * 2, *(kernel.padding,) * 2):
            raise _other(f"a convolution has the settings {told}")
        self._find(b"affine_")
        scaling = self._tensor((2 * kernel.filters, 1, 1, 1))
        weights, biases = np.split(numbers, [-kernel.filters])
        return Convolution(kernel, weights.reshape(shape), biases, *np.split(scaling, 2))

    def matrix(self, rows: int, columns: int) -> Numbers:
        """The next fully connected layer's matrix."""
        self._find(b"fc_2")
        told = self._integer(), self._integer()
        if told != (columns, rows):
            raise _other(f"the last layer joins {told[1]} numbers to {told[0]}")
        return self._tensor((rows, columns, 1, 1)).reshape(rows, columns)

    def _find(self, name: bytes) -> None:
        """Go behind the next layer name `name`, which must be near."""
        marker = bytes((1, len(name))) + name
        found = self._content.find(marker, self._at, self._at + _GAP)
        if found < 0:
            raise _other(f"no layer {name.decode()} stands behind byte {self._at}")
        self._at = found + len(marker)

    def _tensor(self, sides: tuple[int, int, int, int]) -> Numbers:
        """A tensor that must have these sides, flat; finite numbers only."""
        told = self._integer(), tuple(self._integer() for _ in range(4))
        if told != (_TENSOR, sides):
            raise _other(f"at byte {self._at} stands no tensor of {math.prod(sides)} numbers")
        numbers = np.frombuffer(self._taken(4 * math.prod(sides)), "<f4").astype(np.float32)
        if not np.isfinite(numbers).all():
            raise _other(f"before byte {self._at} stands a number that is none")
        return numbers

    def _integer(self) -> int:
        control = self._taken(1)[0]
        value = int.from_bytes(self._taken(min(control & 0x0F, 8)), "little")
        return -value if control & 0x80 else value

    def _taken(self, length: int) -> bytes:
        taken = self._content[self._at : self._at + length]
        if len(taken) < length:
            raise _other("it ends too early")
        self._at += length
        return taken


def _other(why: str) -> UnusableInput:
    return UnusableInput(f"The file is not dlib's face recognition network: {why}.", "Fetch it again.")
