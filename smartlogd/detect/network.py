"""A neural network as a list of steps over numbered values, before it is written to a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Does: TypeAlias = Literal[
    "ADD", "AVERAGE_POOL_2D", "CONV_2D", "DEQUANTIZE", "FULLY_CONNECTED", "MAX_POOL_2D", "MEAN", "PAD"
]
Shape: TypeAlias = tuple[int, ...]
Constant: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float16] | npt.NDArray[np.int32]

_SMALL = 5_000
"""Constants of fewer numbers are not worth halving: biases, and the first weights, which see raw pixels."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, by TFLite's name for it: the values it takes and the one it gives, by number.

    `side` is that of a pool's window, `padded` says whether a convolution's picture keeps its size, `relu`
    whether what is below zero becomes zero afterwards.
    """

    does: Does
    takes: tuple[int, ...]
    gives: int
    stride: int = 1
    side: int = 1
    padded: bool = False
    relu: bool = False


@dataclass(slots=True)
class Network:
    """Steps in the order in which they run. Value 0 goes in; what the last step gives comes out.

    `shapes` has the shape of each value, pictures as (1, height, width, channels); `constants` are those
    values that are known beforehand.
    """

    shapes: list[Shape] = field(default_factory=list)
    constants: dict[int, Constant] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def value(self, shape: Shape) -> int:
        """The number of a new value."""
        self.shapes.append(shape)
        return len(self.shapes) - 1

    def constant(self, numbers: Constant) -> int:
        """The number of a new value that is known."""
        number = self.value(numbers.shape)
        self.constants[number] = numbers
        return number

    def step(
        self, does: Does, takes: tuple[int, ...], shape: Shape, *,
        stride: int = 1, side: int = 1, padded: bool = False, relu: bool = False,
    ) -> int:  # fmt: skip
        """Add an operation; the number of what it gives, which has this shape."""
        gives = self.value(shape)
        self.steps.append(Step(does, takes, gives, stride, side, padded, relu))
        return gives


def halved(network: Network) -> Network:
    """The same network with its large constants kept as float16, each widened by a step of its own."""
    made = Network(list(network.shapes), dict(network.constants))
    for number, numbers in network.constants.items():
        if numbers.dtype == np.float32 and numbers.size >= _SMALL:
            del made.constants[number]
            made.steps.append(Step("DEQUANTIZE", (made.constant(numbers.astype(np.float16)),), number))
    made.steps.extend(network.steps)
    return made
