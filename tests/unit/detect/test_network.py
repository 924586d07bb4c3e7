"""Networks as lists of steps, and their halving."""

from __future__ import annotations

import numpy as np

from smartlogd.detect.network import Network, Step, halved


def test_values_are_numbered_in_the_order_in_which_they_come() -> None:
    made = Network()
    assert made.value((1, 4)) == 0
    assert made.constant(np.zeros((3, 4), np.float32)) == 1
    assert made.step("FULLY_CONNECTED", (0, 1), (1, 3)) == 2
    assert made.shapes == [(1, 4), (3, 4), (1, 3)]
    assert made.steps == [Step("FULLY_CONNECTED", (0, 1), 2)]


def test_halving_keeps_large_constants_as_float16_and_leaves_small_ones_and_whole_numbers_alone() -> None:
    made = Network()
    made.value((1, 100))
    large = made.constant(np.full((100, 100), 1 / 3, np.float32))
    small = made.constant(np.full(100, 1 / 3, np.float32))
    whole = made.constant(np.zeros(20_000, np.int32))
    made.step("FULLY_CONNECTED", (0, large, small), (1, 100))
    half = halved(made)
    widened, run = half.steps
    assert (widened.does, widened.gives) == ("DEQUANTIZE", large)
    assert half.constants[widened.takes[0]].dtype == np.float16
    assert half.shapes[widened.takes[0]] == (100, 100)
    assert large not in half.constants
    assert (half.constants[small].dtype, half.constants[whole].dtype) == (np.float32, np.int32)
    assert run == made.steps[0]
    assert large in made.constants
