from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Frame, Glance
from smartlogd.base.time import Stamp
from smartlogd.capture.motion import MotionGate
from smartlogd.capture.options import MotionOptions
from smartlogd.capture.stream import recorded

DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HIGH, WIDE = 240, 320


def frame(number: int, pixels: np.ndarray, fps: float = 10.0) -> Frame:
    at_s = number / fps
    return Frame(number, Stamp(round(at_s * 1e9), DAY + dt.timedelta(seconds=at_s), trusted=True), pixels)


def room(grain: float = 2.0, seed: int = 0, light: float = 1.0) -> np.ndarray:
    """A wall and a floor with some things in it, under one of a few grains of a sensor."""
    return _grainy(grain, seed % 7, light).copy()


@functools.lru_cache(maxsize=128)
def _grainy(grain: float, seed: int, light: float) -> np.ndarray:
    still = np.full((HIGH, WIDE, 3), 150.0)
    still[HIGH * 3 // 4 :] = 90
    still[60:140, 40:80] = 60
    still[30:90, 220:300] = 200
    chance = np.random.default_rng(seed)
    return np.clip(still * light + chance.normal(0, grain, still.shape), 0, 255).astype(np.uint8)


def glances(pictures: Iterable[np.ndarray], fps: float = 10.0, **options: float) -> list[Glance]:
    gate = MotionGate(MotionOptions(**options))
    return [gate.look(frame(number, pixels, fps)) for number, pixels in enumerate(pictures)]


def with_person(pixels: np.ndarray, x: float, height: int, foot: int = 200) -> np.ndarray:
    left = round(x * WIDE)
    pixels[foot - height : foot, max(0, left) : max(0, left + height // 3)] = (40, 50, 120)
    return pixels


def test_a_still_scene_under_grain_is_still() -> None:
    seen = glances(room(seed=number) for number in range(60))
    assert [glance for glance in seen if glance.regions or glance.moving] == []


@pytest.mark.parametrize("grain", [0.0, 6.0, 14.0])
def test_grain_however_coarse_is_soon_no_movement(grain: float) -> None:
    seen = glances(room(grain=grain, seed=number) for number in range(60))
    assert not any(glance.regions for glance in seen[20:])


@pytest.mark.parametrize("height", [10, 25, 60, 120])
def test_a_walker_is_seen_where_he_is_small_or_large(height: int) -> None:
    pictures = [room(seed=number) for number in range(20)]
    pictures += [with_person(room(seed=number), 0.1 + 0.02 * number, height) for number in range(30)]
    seen = glances(pictures)
    walking = seen[21:]
    assert sum(bool(glance.regions) for glance in walking) >= 28
    for number, glance in enumerate(walking, 1):
        middle = Point(0.1 + 0.02 * number + height / 6 / WIDE, (200 - height / 2) / HIGH)
        assert not glance.regions or any(region.contains(middle) for region in glance.regions)


def test_a_very_slow_walker_is_seen_all_along() -> None:
    pictures = [room(seed=number) for number in range(20)]
    pictures += [with_person(room(seed=number), 0.3 + 0.002 * number, 90) for number in range(80)]
    seen = glances(pictures)
    assert all(glance.regions for glance in seen[22:])


def test_who_keeps_still_fades_and_leaves_no_lasting_ghost() -> None:
    pictures = [
        with_person(room(seed=number), 0.4, 90) if 10 <= number < 80 else room(seed=number) for number in range(180)
    ]
    seen = glances(pictures)
    assert seen[10].regions
    assert not any(glance.regions for glance in seen[60:80])
    assert seen[80].regions
    assert not any(glance.regions for glance in seen[130:])


@pytest.mark.parametrize("light", [0.4, 0.7, 1.3, 1.6])
def test_a_light_switched_is_said_and_is_no_movement(light: float) -> None:
    seen = glances(room(seed=number, light=light if number >= 20 else 1.0) for number in range(40))
    assert [number for number, glance in enumerate(seen) if glance.light_changed] == [20]
    assert not any(glance.regions or glance.moving for glance in seen)


def test_dusk_is_no_movement() -> None:
    seen = glances(room(seed=number, light=1.0 - number * 0.005) for number in range(100))
    assert not any(glance.regions for glance in seen)


def test_someone_in_new_light_is_still_seen() -> None:
    pictures = [room(seed=number, light=1.0 if number < 20 else 1.5) for number in range(24)]
    pictures += [with_person(room(seed=number, light=1.5), 0.1 + 0.02 * number, 60) for number in range(20)]
    assert all(glance.regions for glance in glances(pictures)[26:])


def test_a_clock_in_the_picture_is_soon_ignored() -> None:
    def clocked(number: int) -> np.ndarray:
        pixels = room(seed=number)
        pixels[5:15, 5:60] = 0
        pixels[5:15, 50 + number // 10 % 2 * 5 : 55 + number // 10 % 2 * 5] = 255
        return pixels

    seen = glances(clocked(number) for number in range(900))
    assert any(glance.regions for glance in seen[:100])
    assert sum(bool(glance.regions) for glance in seen[600:]) < 30


def test_the_first_frame_and_a_new_size_have_nothing_to_move_from() -> None:
    small = room()[::2, ::2].copy()
    seen = glances([room(), small, small, with_person(room(), 0.5, 90)[::2, ::2].copy()])
    assert [bool(glance.regions) for glance in seen] == [False, False, False, True]


def test_the_same_frames_give_the_same_glances() -> None:
    pictures = [with_person(room(seed=number), 0.02 * number, 60) for number in range(30)]
    assert glances(pictures) == glances(pictures)


def test_the_largest_region_comes_first_and_there_are_at_most_eight() -> None:
    busy = room(seed=1)
    for number in range(14):
        busy[40 * (number % 5) + 10 : 40 * (number % 5) + 22, 60 * (number // 5) + 10 : 60 * (number // 5) + 18] = 255
    regions = glances([room(), busy])[1].regions
    assert len(regions) == 8
    assert [region.area for region in regions] == sorted((region.area for region in regions), reverse=True)


def test_two_who_walk_apart_are_two_regions() -> None:
    pictures = [room(seed=number) for number in range(5)]
    pictures += [with_person(with_person(room(seed=n), 0.1 + 0.02 * n, 60), 0.8 - 0.01 * n, 60) for n in range(5)]
    assert len(glances(pictures)[-1].regions) == 2


def test_more_sensitivity_sees_fainter_things() -> None:
    faint = room(seed=1).astype(int)
    faint[100:180, 150:180] += 16
    pictures = [room(seed=0), room(seed=0), np.clip(faint, 0, 255).astype(np.uint8)]
    assert not glances(pictures, sensitivity=0.0)[-1].regions
    assert glances(pictures, sensitivity=1.0)[-1].regions


@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_any_two_pictures_of_any_size_give_boxes_within_the_picture(high: int, wide: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    one, other = (chance.integers(0, 255, (high, wide, 3)).astype(np.uint8) for _ in range(2))
    for glance in glances([one, other]):
        assert 0.0 <= glance.moving <= 1.0
        assert len(glance.regions) <= 8
        for region in glance.regions:
            assert 0 <= region.x0 < region.x1 <= 1
            assert 0 <= region.y0 < region.y1 <= 1


Watch = Callable[[str], list[tuple[float, Glance]]]


@pytest.fixture
def watch(shared: Path) -> Watch:
    def watched(name: str) -> list[tuple[float, Glance]]:
        gate, seen = MotionGate(MotionOptions()), []
        for number, (picture, start) in enumerate(recorded(shared / "videos" / name)):
            at = Stamp(round(picture.t_s * 1e9), start, trusted=False)
            seen.append((picture.t_s, gate.look(Frame(number, at, picture.pixels))))
        return seen

    return watched


@pytest.mark.parametrize(
    ("name", "most"), [("frigate_test_motion_video-1.mp4", 0.05), ("frigate_test_motion_video-3.mp4", 0.02)]
)
def test_a_room_whose_light_is_switched_hardly_opens_the_gate(watch: Watch, name: str, most: float) -> None:
    seen = watch(name)
    assert any(glance.light_changed for _, glance in seen)
    assert sum(bool(glance.regions) for _, glance in seen) / len(seen) < most


def test_people_seen_from_a_bridge_open_the_gate_and_the_empty_road_does_not(watch: Watch) -> None:
    seen = watch("pj_test_video_01f.mov")
    assert not any(glance.regions for t_s, glance in seen if t_s < 2.5)
    assert all(glance.regions for t_s, glance in seen if t_s > 4)
    walker = Box(0.28, 0.3, 0.34, 0.6).centre
    assert any(region.contains(walker) for _, glance in seen for region in glance.regions)


def test_everyone_who_comes_in_is_seen_at_once(watch: Watch) -> None:
    seen = watch("intel_one-by-one-person-detection.mp4")
    for comes_s in (6.0, 22.7, 50.2, 74.5, 92.1, 123.4):
        assert all(glance.regions for t_s, glance in seen if comes_s + 0.2 < t_s < comes_s + 2)
    assert not any(glance.regions for t_s, glance in seen if t_s < 5.5)
