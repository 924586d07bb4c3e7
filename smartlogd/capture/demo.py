"""A made scene with real people, for whoever has no camera yet.

Two photographs that ship with scikit-image (an astronaut, NASA, public domain; a man with a camera,
CC0) are cut out and walked through a drawn doorway, each in both directions, with pauses in which
nothing moves but the grain of the picture. What the daemon makes of them is its own affair: nothing
about people, tracks or lines is known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from smartlogd.base.errors import UnusableInput
from smartlogd.base.seen import Pixels
from smartlogd.capture.lens import Shot, fitted
from smartlogd.capture.options import CaptureOptions

WIDTH_PX, HEIGHT_PX = 640, 480
PAUSE_S = 4.0
WALK_S = 4.0
_PHOTO_PX = 512
_LARGEST_PHOTO = 4 * 1024 * 1024
_STEP_HZ = 1.8
_STEP_PX = 4.0
_GRAIN = 2.0
_GRAINS = 4
_SEED = 20261121

# fmt: off
_ASTRONAUT = (
    (222, 14), (203, 18), (189, 28), (172, 38), (158, 60), (154, 85), (160, 108), (174, 124), (184, 148), (157, 151),
    (134, 163), (121, 180), (116, 196), (115, 210), (98, 217), (72, 244), (50, 268), (42, 320), (30, 370), (21, 420),
    (26, 470), (32, 512), (508, 512), (509, 485), (497, 470), (496, 440), (484, 400), (462, 366), (430, 347),
    (395, 346), (370, 353), (361, 350), (357, 300), (345, 270), (320, 248), (304, 238), (302, 220), (291, 202),
    (275, 184), (254, 172), (256, 152), (271, 128), (292, 122), (300, 90), (294, 60), (278, 35), (255, 20),
)
_CAMERAMAN = (
    (212, 64), (185, 73), (166, 92), (158, 107), (148, 107), (130, 124), (108, 128), (78, 142), (58, 166), (40, 203),
    (28, 235), (12, 262), (4, 320), (1, 420), (1, 512), (151, 512), (148, 470), (146, 418), (142, 380), (180, 333),
    (208, 298), (235, 308), (258, 309), (280, 297), (289, 285), (291, 240), (300, 240), (308, 241), (318, 222),
    (328, 195), (330, 178), (324, 160), (324, 139), (262, 138), (258, 150), (252, 140), (263, 132), (270, 127),
    (268, 108), (252, 86), (232, 71),
)
# fmt: on
"""Outlines drawn by hand, in pixels of the photographs; the tripod is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A person without surroundings: colours, and how opaque each pixel is, 0..256."""

    colours: npt.NDArray[np.uint16]
    cover: npt.NDArray[np.uint16]

    @property
    def mirrored(self) -> Cutout:
        """The same person facing the other way."""
        return Cutout(np.ascontiguousarray(self.colours[:, ::-1]), np.ascontiguousarray(self.cover[:, ::-1]))


class Doorway:
    """The scene as a function of time: the same second always looks the same."""

    def __init__(self, photos: tuple[Path, ...]) -> None:
        astronaut, cameraman = (_cut(path, *cut) for path, cut in zip(photos, _CUTS, strict=True))
        self._walks = (
            (astronaut, 1.0),
            (cameraman.mirrored, -1.0),
            (astronaut, -1.0),
            (cameraman, 1.0),
        )
        self._empty = _grainy(_room())

    @property
    def round_s(self) -> float:
        """Seconds until the scene begins again."""
        return len(self._walks) * (PAUSE_S + WALK_S)

    def picture(self, t_s: float, number: int) -> Pixels:
        """The scene `t_s` seconds after its beginning, read-only; `number` chooses the grain."""
        empty = self._empty[number % _GRAINS]
        turn, within_s = divmod(t_s % self.round_s, PAUSE_S + WALK_S)
        if within_s < PAUSE_S:
            return empty
        person, heading = self._walks[int(turn)]
        done = (within_s - PAUSE_S) / WALK_S
        return _with(empty, person, done if heading > 0 else 1.0 - done, within_s)

    def still(self, number: int) -> Pixels:
        """The scene with nobody in it."""
        return self._empty[number % _GRAINS]


_CUTS = ((_ASTRONAUT, 0.72), (_CAMERAMAN, 0.78))


def film(options: CaptureOptions, photos: tuple[Path, ...]) -> Iterator[Shot]:
    """The scene without end, `options.fps` pictures for each of its seconds, as fast as they are taken."""
    doorway, number = Doorway(photos), 0
    while True:
        yield Shot(fitted(doorway.picture(number / options.fps, number), options))
        number += 1


def _cut(path: Path, outline: tuple[tuple[int, int], ...], scale: float) -> Cutout:
    """Cut a person out of a photograph along `outline`, and scale what is left."""
    photo = _photo(path)
    cover = np.zeros((_PHOTO_PX, _PHOTO_PX), np.uint8)
    cv2.fillPoly(cover, [np.array(outline, np.int32)], (255,))
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), 1.4), np.uint8)
    columns = np.flatnonzero(cover.any(axis=0))
    rows = np.flatnonzero(cover.any(axis=1))
    kept = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = (round((columns[-1] - columns[0] + 1) * scale), round((rows[-1] - rows[0] + 1) * scale))
    colours = cv2.resize(photo[kept], size, interpolation=cv2.INTER_AREA)
    opaque = cv2.resize(cover[kept], size, interpolation=cv2.INTER_AREA).astype(np.uint16)
    opaque += opaque >> 7  # 255 -> 256, so that dividing is a shift
    return Cutout(np.asarray(colours, np.uint16), opaque[..., np.newaxis])


def _photo(path: Path) -> Pixels:
    try:
        data = path.read_bytes() if path.stat().st_size <= _LARGEST_PHOTO else b""
    except OSError as absent:
        raise UnusableInput(
            f"The demo's picture {path.name} cannot be read.", "Run: smartlogd models fetch"
        ) from absent
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if bgr is None or bgr.shape != (_PHOTO_PX, _PHOTO_PX, 3):
        raise UnusableInput(f"The demo's picture {path.name} is not the one expected.", "Run: smartlogd models fetch")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _with(empty: Pixels, person: Cutout, along: float, t_s: float) -> Pixels:
    """The empty scene with `person` in it, `along` 0 just outside the left edge to 1 just outside the right."""
    high, wide = person.cover.shape[:2]
    left = round(-wide + along * (WIDTH_PX + wide))
    top = HEIGHT_PX - high + round(_STEP_PX * abs(np.sin(np.pi * _STEP_HZ * t_s)))
    x0, x1 = max(0, left), min(WIDTH_PX, left + wide)
    if x0 >= x1:
        return empty
    pixels = empty.copy()
    cover = person.cover[: HEIGHT_PX - top, x0 - left : x1 - left]
    colours = person.colours[: HEIGHT_PX - top, x0 - left : x1 - left]
    behind = pixels[top:, x0:x1]
    behind[:] = (colours * cover + behind * (256 - cover)) >> 8
    pixels.setflags(write=False)
    return pixels


def _grainy(room: Pixels) -> tuple[Pixels, ...]:
    """The room under a few different grains, as a sensor gives it; the same on every run."""
    chance = np.random.default_rng(_SEED)
    return tuple(_frozen(room + chance.normal(0.0, _GRAIN, room.shape)) for _ in range(_GRAINS))


def _frozen(light: npt.NDArray[np.float64]) -> Pixels:
    pixels = np.asarray(np.clip(np.rint(light), 0, 255), np.uint8)
    pixels.setflags(write=False)
    return pixels


def _room() -> Pixels:
    """Two rooms side by side, cut open, with the doorway between them in the middle of the picture."""
    room = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    floor = round(HEIGHT_PX * 0.8)
    down = np.linspace(0, 1, HEIGHT_PX)[:, np.newaxis, np.newaxis]
    room[:, : WIDTH_PX // 2] = np.array((214, 206, 190)) - down * 34
    room[:, WIDTH_PX // 2 :] = np.array((186, 198, 206)) - down * 34
    room[floor:] = np.array((142, 112, 84)) + (down[floor:] - 0.8) * 120
    for board in range(-4, 12):
        foot, far = (board * 90 - 60, HEIGHT_PX), (WIDTH_PX // 2 + (board - 4) * 52, floor)
        cv2.line(room, far, foot, (112, 86, 62), 1, cv2.LINE_AA)
    cv2.rectangle(room, (0, floor - 14), (WIDTH_PX, floor - 2), (228, 224, 216), -1)
    _doorframe(room, floor)
    return np.asarray(cv2.GaussianBlur(room, (0, 0), 0.8), np.uint8)


def _doorframe(room: Pixels, floor: int) -> None:
    """A wide doorway; a narrow one looks to a model, now and then, like someone standing there."""
    middle, half, post, wood, edge = WIDTH_PX // 2, 112, 18, (132, 98, 66), (96, 68, 44)
    cv2.rectangle(room, (middle - half, 46), (middle + half, floor + 4), (204, 206, 202), -1)
    cv2.rectangle(room, (middle - half, floor - 30), (middle + half, floor + 4), (168, 140, 112), -1)
    for left in (middle - half - post, middle + half):
        cv2.rectangle(room, (left, 30), (left + post, floor + 8), wood, -1)
        cv2.rectangle(room, (left, 30), (left + post, floor + 8), edge, 1)
    cv2.rectangle(room, (middle - half - post, 28), (middle + half + post, 48), wood, -1)
    cv2.rectangle(room, (middle - half - post, 28), (middle + half + post, 48), edge, 1)
