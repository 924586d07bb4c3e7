from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box
from smartlogd.capture.demo import PAUSE_S, WALK_S, Doorway

TURN_S = PAUSE_S + WALK_S
WALKS = [(n * TURN_S + PAUSE_S, n * TURN_S + TURN_S) for n in range(4)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two plain squares in the place of the photographs: the scene does not care what they show."""
    folder = tmp_path_factory.mktemp("photos")
    for name, colour in (("astronaut.png", (0, 0, 255)), ("camera.png", (20, 20, 20))):
        cv2.imwrite(str(folder / name), np.full((512, 512, 3), colour, np.uint8))
    return folder / "astronaut.png", folder / "camera.png"


@pytest.fixture(scope="module")
def doorway(photos: tuple[Path, Path]) -> Doorway:
    return Doorway(photos)


def changed(doorway: Doorway, t_s: float) -> np.ndarray:
    """Where the scene differs from the empty one, as columns."""
    apart = np.abs(doorway.picture(t_s, 0).astype(int) - doorway.still(0))
    return np.flatnonzero((apart > 20).any(axis=(0, 2)))


def test_the_scene_is_640_by_480_and_read_only(doorway: Doorway) -> None:
    for t_s in (0.0, PAUSE_S + WALK_S / 2):
        assert doorway.picture(t_s, 0).shape == (480, 640, 3)
        assert not doorway.picture(t_s, 0).flags.writeable


def test_the_pauses_are_empty(doorway: Doorway) -> None:
    for begins_s, _ in WALKS:
        for before_s in (0.1, 1.0, PAUSE_S - 0.1):
            assert changed(doorway, begins_s - before_s).size == 0


@pytest.mark.parametrize(("walk", "heading"), [(0, 1), (1, -1), (2, -1), (3, 1)])
def test_each_walk_leads_from_one_edge_over_the_middle_to_the_other(doorway: Doorway, walk: int, heading: int) -> None:
    begins_s, ends_s = WALKS[walk]
    middles = [changed(doorway, t_s).mean() / 640 for t_s in np.linspace(begins_s + 0.1, ends_s - 0.1, 30)]
    steps = np.diff(middles) * heading
    assert (steps > -0.005).all()
    first, last = (middles[0], middles[-1]) if heading > 0 else (middles[-1], middles[0])
    assert first < 0.15
    assert last > 0.85


@pytest.mark.parametrize("walk", range(4))
def test_whoever_walks_is_seen_whole_on_both_sides_of_the_middle(doorway: Doorway, walk: int) -> None:
    begins_s, ends_s = WALKS[walk]
    whole = [columns for t_s in np.linspace(begins_s, ends_s, 60) if (columns := changed(doorway, t_s)).size]
    whole = [columns.mean() / 640 for columns in whole if columns[0] > 0 and columns[-1] < 639]
    assert min(whole) < 0.4
    assert max(whole) > 0.6


def test_the_same_second_always_looks_the_same(photos: tuple[Path, Path], doorway: Doorway) -> None:
    other = Doorway(photos)
    for number, t_s in enumerate((0.0, 5.0, 6.5, 13.0)):
        assert (doorway.picture(t_s, number) == other.picture(t_s, number)).all()
        assert (doorway.picture(t_s + doorway.round_s * 3, number) == other.picture(t_s, number)).all()


def test_nothing_but_grain_changes_in_a_pause(doorway: Doorway) -> None:
    one, other = doorway.picture(0.0, 0), doorway.picture(0.1, 1)
    apart = one.astype(int) - other
    assert (apart != 0).any()
    assert np.abs(apart).mean() < 4


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_a_picture_that_is_not_the_photograph_is_refused(
    tmp_path: Path, photos: tuple[Path, Path], content: bytes | None
) -> None:
    wrong = tmp_path / "astronaut.png"
    if content is not None:
        wrong.write_bytes(content)
    with pytest.raises(UnusableInput, match=r"astronaut\.png") as raised:
        Doorway((wrong, photos[1]))
    assert "models fetch" in raised.value.hint


def test_a_photograph_of_another_size_is_refused(tmp_path: Path, photos: tuple[Path, Path]) -> None:
    cv2.imwrite(str(tmp_path / "camera.png"), np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(UnusableInput, match=r"camera\.png"):
        Doorway((photos[0], tmp_path / "camera.png"))


def test_the_real_photographs_make_the_scene(model: Callable[[str], Path]) -> None:
    doorway = Doorway((model("astronaut"), model("camera")))
    astronaut = doorway.picture(PAUSE_S + WALK_S / 2, 0)
    suit = Box(0.35, 0.6, 0.5, 0.95)
    part = astronaut[round(suit.y0 * 480) : round(suit.y1 * 480), round(suit.x0 * 640) : round(suit.x1 * 640)]
    red, green, blue = part.reshape(-1, 3).mean(axis=0)
    assert red > green + 50 > blue
