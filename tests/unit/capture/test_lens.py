from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.capture.lens import Pace, fitted
from smartlogd.capture.options import CaptureOptions


@pytest.mark.parametrize(("given_fps", "asked_fps"), [(30, 10), (25, 10), (30, 5), (15, 10), (10, 10), (60, 7)])
def test_a_faster_camera_is_thinned_to_the_rate_asked_for(given_fps: int, asked_fps: int) -> None:
    pace = Pace(asked_fps)
    used = sum(pace.is_due(number / given_fps) for number in range(given_fps * 10))
    assert used == pytest.approx(asked_fps * 10, abs=2)


def test_a_slower_camera_is_used_whole() -> None:
    pace = Pace(10)
    assert all(pace.is_due(number / 7) for number in range(100))


@given(st.lists(st.floats(0, 0.2), max_size=200))
def test_thinning_never_exceeds_the_rate_by_more_than_half_a_step(steps_s: list[float]) -> None:
    pace, now_s, used = Pace(10), 0.0, []
    for step_s in steps_s:
        now_s += step_s
        if pace.is_due(now_s):
            used.append(now_s)
    assert len(used) <= now_s * 10 + 2


def test_after_a_silence_the_next_picture_is_due_and_no_burst_follows() -> None:
    pace = Pace(10)
    pace.is_due(0.0)
    assert [pace.is_due(at_s) for at_s in (60.0, 60.01, 60.02, 60.1)] == [True, False, False, True]


def test_a_large_picture_is_shrunk_in_its_own_shape() -> None:
    assert fitted(np.zeros((720, 1280, 3), np.uint8), CaptureOptions()).shape == (360, 640, 3)
    assert fitted(np.zeros((1200, 600, 3), np.uint8), CaptureOptions()).shape == (480, 240, 3)


def test_a_small_picture_is_left_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)
    assert (fitted(pixels, CaptureOptions()) == pixels).all()


@pytest.mark.parametrize(("degrees", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_the_picture_is_turned_clockwise(degrees: int, corner: tuple[int, int]) -> None:
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[0, 0] = 255
    turned = fitted(pixels, CaptureOptions(rotate_deg=degrees))
    assert turned.shape == ((64, 48, 3) if degrees % 180 else (48, 64, 3))
    assert turned[corner].min() == 255
    assert turned.sum() == 3 * 255


def test_a_fitted_picture_is_read_only_and_the_original_is_not_touched() -> None:
    pixels = np.zeros((48, 64, 3), np.uint8)
    assert not fitted(pixels, CaptureOptions()).flags.writeable
    assert pixels.flags.writeable
