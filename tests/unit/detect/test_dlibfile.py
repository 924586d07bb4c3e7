"""Reading dlib's file: what is in it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dlibmade import convolution, dat, integers, text
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.errors import UnusableInput
from smartlogd.detect.dlibfile import Kernel, read_network
from smartlogd.detect.resnet import MATRIX, face_network, kernels

SMALL = (Kernel(2, 3, 3, 2, 0), Kernel(4, 2, 3, 1, 1))
LAYERS = [convolution(kernel, seed) for seed, kernel in enumerate(SMALL)]
LAST = np.arange(12, dtype=np.float32).reshape(4, 3)
FILE = dat(LAYERS, LAST)


def test_every_number_is_read_in_its_place() -> None:
    read, matrix = read_network(FILE, SMALL, (4, 3))
    for ours, theirs in zip(read, LAYERS, strict=True):
        assert ours.kernel == theirs.kernel
        for name in ("weights", "biases", "gamma", "beta"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    np.testing.assert_array_equal(matrix, LAST)


@given(st.integers(0, FILE.rindex(b"fc_2") + 4 + 12 * 4))
def test_a_file_that_ends_too_early_is_refused_wherever_it_ends(length: int) -> None:
    with pytest.raises(UnusableInput, match="not dlib's face recognition network"):
        read_network(FILE[:length], SMALL, (4, 3))


@given(st.binary(max_size=600))
def test_bytes_by_chance_are_refused_and_never_crash(content: bytes) -> None:
    with pytest.raises(UnusableInput):
        read_network(content, SMALL, (4, 3))


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_a_number_and_nothing_worse(place: int, by: int) -> None:
    changed = bytearray(FILE)
    changed[place] ^= by
    try:
        read, matrix = read_network(bytes(changed), SMALL, (4, 3))
    except UnusableInput:
        return
    assert [each.weights.shape for each in read] == [each.weights.shape for each in LAYERS]
    assert matrix.shape == (4, 3)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ((SMALL[1], SMALL[0]), "no tensor of 76 numbers"),
        ((Kernel(2, 3, 3, 1, 0), SMALL[1]), "a convolution has the settings"),
        ((Kernel(2, 3, 3, 2, 1), SMALL[1]), "a convolution has the settings"),
        ((*SMALL, SMALL[0]), "no layer con_4"),
    ],
)
def test_another_network_is_refused_by_what_differs(wanted: tuple[Kernel, ...], says: str) -> None:
    with pytest.raises(UnusableInput, match=says):
        read_network(FILE, wanted, (4, 3))


def test_a_layer_that_nobody_asked_for_is_not_passed_over() -> None:
    large = convolution(Kernel(40, 2, 3, 1, 1), 1)
    with pytest.raises(UnusableInput, match="no layer fc_2"):
        read_network(dat([LAYERS[0], large], LAST), SMALL[:1], (4, 3))


def test_a_last_layer_of_another_size_is_refused() -> None:
    with pytest.raises(UnusableInput, match="joins 4 numbers to 3"):
        read_network(FILE, SMALL, (4, 5))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_number_that_is_none_is_refused(wrong: float) -> None:
    layers = [convolution(kernel, seed) for seed, kernel in enumerate(SMALL)]
    layers[1].biases[0] = wrong
    with pytest.raises(UnusableInput, match="a number that is none"):
        read_network(dat(layers, LAST), SMALL, (4, 3))


def test_a_huge_integer_is_no_reason_to_take_much_memory() -> None:
    with pytest.raises(UnusableInput, match="no tensor"):
        read_network(text("con_4") + integers(2, 2**62, 2**62, 1, 1), SMALL, (4, 3))


def test_the_real_file_has_29_convolutions_and_ends_behind_the_matrix(model: Callable[[str], Path]) -> None:
    content = model("dlib_face_resnet").read_bytes()
    read, matrix = read_network(content, kernels(), MATRIX)
    assert len(read) == 29
    assert matrix.shape == (256, 128)
    assert all(float(np.abs(each.weights).max()) < 10 for each in read)
    for length in (1, 500, len(content) // 2, len(content) - 200):
        with pytest.raises(UnusableInput):
            face_network(content[:length])
