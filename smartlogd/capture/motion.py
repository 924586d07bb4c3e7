"""What moves, before any model runs.

The picture is shrunk to a small grey copy and divided by its own surroundings (in logarithms), so that
light, however it falls, nearly cancels out and edges remain. A pixel has changed when it differs from
the frame before (things that walk) or from a slowly learning background (things that walk slowly) by
several times the noise measured at that pixel. Changed pixels that touch are a region.

What is no movement: the whole picture growing brighter or darker at once; a place that is hardly ever
quiet, such as the clock that many cameras write into the picture; grain.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from smartlogd.base.geometry import Box, overlap
from smartlogd.base.seen import Frame, Glance, Pixels
from smartlogd.base.time import Stamp
from smartlogd.capture.options import MotionOptions

Grey = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]

_WIDTH_PX = 160
_SURROUNDINGS = 0.2
"""Side of the square that is a pixel's surroundings, as a fraction of the small picture's height."""
_LIGHT_LEVELS = 5.0
"""Grey levels by which the middle pixel must change from one frame to the next for it to be the light."""
_DARK = 24.0
"""Added before the logarithm, in grey levels, so that the grain of dark places does not grow too large."""
_NOISE_S = 5.0
_SLOWER = 8.0
_RESTLESS_S = 30.0
_RESTLESS_SHARE = 0.4
_MOST_REGIONS = 8
_PAD = 0.02
_SHARED = 0.2

_LOGARITHM = np.log(np.arange(256, dtype=np.float32) + _DARK).astype(np.float32)
_TOUCH = np.ones((5, 3), np.uint8)
"""How near changed pixels must be to belong together; people are higher than wide."""


@dataclass(slots=True)
class _Memory:
    """What the gate knows of the scene, all in the small picture's pixels."""

    stamp: Stamp
    grey: Mask
    last: Grey
    background: Grey
    noise: Grey
    restless: Grey


class MotionGate:
    """Frames in order -> a Glance each. Deterministic: the same frames give the same glances.

    The first frame, and the first after a change of size, has nothing to be compared with: its glance
    shows no movement, and whoever asks looks at it anyway.
    """

    def __init__(self, options: MotionOptions) -> None:
        self._options = options
        self._floor = 0.16 - 0.12 * options.sensitivity
        self._times_noise = 9.0 - 4.0 * options.sensitivity
        self._memory: _Memory | None = None

    def look(self, frame: Frame) -> Glance:
        """What moved since the frame before; at most eight regions, largest first."""
        grey = _small(frame.pixels)
        relief = _relief(grey)
        memory = self._memory
        if memory is None or memory.grey.shape != grey.shape:
            self._memory = _begun(frame.stamp, grey, relief)
            return Glance(0.0, (), light_changed=False)
        if abs(float(np.median(cv2.subtract(grey, memory.grey, dtype=cv2.CV_16S)))) >= _LIGHT_LEVELS:
            memory.stamp, memory.grey, memory.last, memory.background = frame.stamp, grey, relief, relief.copy()
            return Glance(0.0, (), light_changed=True)
        changed = self._learn(memory, frame.stamp, grey, relief)
        return self._glance(changed, frame.pixels, memory)

    def _learn(self, memory: _Memory, stamp: Stamp, grey: Mask, relief: Grey) -> Mask:
        """1 where the picture differs by more than its noise, else 0; the memory then takes the picture in."""
        span_s = max(0.0, stamp.since(memory.stamp))
        step = np.asarray(cv2.absdiff(relief, memory.last), np.float32)
        threshold = self._threshold(memory, step)
        stepped = np.greater(step, threshold)
        changed = np.asarray(stepped | np.greater(cv2.absdiff(relief, memory.background), threshold), np.uint8)
        self._sink(memory, relief, np.asarray(cv2.dilate(np.asarray(stepped, np.uint8), _TOUCH), np.uint8), span_s)
        cv2.accumulateWeighted(step, memory.noise, _share(span_s, _NOISE_S), 1 - changed)
        cv2.accumulateWeighted(changed.astype(np.float32), memory.restless, _share(span_s, _RESTLESS_S))
        memory.stamp, memory.grey, memory.last = stamp, grey, relief
        return changed

    def _threshold(self, memory: _Memory, step: Grey) -> Grey:
        """How large a difference must be, per pixel: above its own noise, and above that of the whole picture now."""
        everywhere = max(self._floor, float(np.median(step[::2, ::2])) * self._times_noise)
        return np.asarray(np.maximum(memory.noise * np.float32(self._times_noise), np.float32(everywhere)), np.float32)

    def _sink(self, memory: _Memory, relief: Grey, stepped: Mask, span_s: float) -> None:
        """What keeps still becomes background soon; what moves right now hardly does, and so leaves no ghost."""
        memory_s = self._options.memory_s
        cv2.accumulateWeighted(relief, memory.background, _share(span_s, memory_s), 1 - stepped)
        cv2.accumulateWeighted(relief, memory.background, _share(span_s, memory_s * _SLOWER), stepped)

    def _glance(self, changed: Mask, pixels: Pixels, memory: _Memory) -> Glance:
        changed[memory.restless > _RESTLESS_SHARE] = 0
        if not cv2.countNonZero(changed):
            return Glance(0.0, (), light_changed=False)
        high, wide = changed.shape
        factor = _factor(pixels)
        scale = (factor / pixels.shape[1], factor / pixels.shape[0])
        side = self._options.smallest_height * high
        boxes = _boxes(changed, smallest_px=max(3, round(side * side * 0.4)), scale=scale)
        moving = sum(count for count, _ in boxes) / (high * wide)
        return Glance(moving, _regions([box for _, box in boxes]), light_changed=False)


def _factor(pixels: Pixels) -> int:
    """By which whole number the picture is shrunk: OpenCV averages whole blocks far quicker than parts."""
    return max(1, -(-int(pixels.shape[1]) // _WIDTH_PX))


def _small(pixels: Pixels) -> Mask:
    factor = _factor(pixels)
    high, wide = max(1, pixels.shape[0] // factor), max(1, pixels.shape[1] // factor)
    whole = pixels[: high * factor, : wide * factor]
    small = cv2.resize(whole, (wide, high), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def _relief(grey: Mask) -> Grey:
    """How much brighter each pixel is than its surroundings, in logarithms; grain smoothed."""
    light = cv2.LUT(grey, _LOGARITHM)
    side = max(3, round(grey.shape[0] * _SURROUNDINGS)) | 1
    return np.asarray(cv2.blur(light, (3, 3)) - cv2.blur(light, (side, side)), np.float32)


def _begun(stamp: Stamp, grey: Mask, relief: Grey) -> _Memory:
    zero = np.zeros_like(relief)
    return _Memory(stamp, grey, relief, relief.copy(), zero.copy(), zero)


def _share(span_s: float, memory_s: float) -> float:
    """How much of the new a running mean takes after `span_s`, when it forgets in `memory_s`."""
    return float(1.0 - np.exp(-span_s / memory_s))


def _boxes(changed: Mask, *, smallest_px: int, scale: tuple[float, float]) -> list[tuple[int, Box]]:
    """Changed pixels that belong together: how many, and the box around them, in fractions."""
    joined = cv2.dilate(changed, _TOUCH)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    sizes = np.bincount(labels[changed > 0], minlength=count)
    found = []
    for label in range(1, count):
        if sizes[label] < smallest_px:
            continue
        left, top, wide, high = (int(side) for side in stats[label, :4])
        box = Box(left * scale[0], top * scale[1], (left + wide) * scale[0], (top + high) * scale[1])
        found.append((int(sizes[label]), box.clipped()))
    return found


def _regions(boxes: list[Box]) -> tuple[Box, ...]:
    """The boxes, padded, with those that share much made one; largest first."""
    apart: list[Box] = []
    for box in boxes:
        merged = _padded(box)
        while (other := next((other for other in apart if _belong(merged, other)), None)) is not None:
            apart.remove(other)
            merged = _around(merged, other)
        apart.append(merged)
    return tuple(sorted(apart, key=lambda box: (-box.area, box.x0, box.y0))[:_MOST_REGIONS])


def _padded(box: Box) -> Box:
    return Box(box.x0 - _PAD, box.y0 - _PAD, box.x1 + _PAD, box.y1 + _PAD).clipped()


def _belong(one: Box, other: Box) -> bool:
    """Whether two boxes share a good part of the smaller one: a head above its shoulders, not two passers-by."""
    return overlap(one, other) > _SHARED * min(one.area, other.area)


def _around(one: Box, other: Box) -> Box:
    return Box(min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1))
