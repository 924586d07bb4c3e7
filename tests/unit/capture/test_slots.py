from __future__ import annotations

import multiprocessing

import numpy as np
import pytest

from smartlogd.capture.slots import Slots

CONTEXT = multiprocessing.get_context("spawn")


def shade(value: int, height: int = 12, width: int = 16) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_a_picture_is_read_as_it_was_written() -> None:
    slots = Slots(CONTEXT, 16 * 12)
    slots.write(0, shade(7))
    pixels = slots.read(0, 12, 16)
    assert (pixels == shade(7)).all()
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 1


def test_pictures_may_be_smaller_and_of_another_shape() -> None:
    slots = Slots(CONTEXT, 16 * 12)
    slots.write(0, shade(1, 16, 12))
    slots.write(1, shade(2, 3, 5))
    assert slots.read(0, 16, 12).shape == (16, 12, 3)
    assert (slots.read(1, 3, 5) == 2).all()


def test_a_picture_in_the_hand_does_not_change_under_it() -> None:
    slots = Slots(CONTEXT, 16 * 12)
    slots.write(0, shade(1))
    pixels = slots.read(0, 12, 16)
    for seq in range(1, 9):
        slots.write(seq, shade(9))
    assert (pixels == 1).all()


def test_a_picture_whose_place_a_newer_one_took_is_gone() -> None:
    slots = Slots(CONTEXT, 16 * 12)
    for seq in range(6):
        slots.write(seq, shade(seq))
    assert slots.read(1, 12, 16) is None
    assert (slots.read(2, 12, 16) == 2).all()
    assert slots.read(6, 12, 16) is None


def test_a_size_that_cannot_be_is_not_read() -> None:
    slots = Slots(CONTEXT, 16 * 12)
    slots.write(0, shade(1))
    assert slots.read(0, 4096, 4096) is None
