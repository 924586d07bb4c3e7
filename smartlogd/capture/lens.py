"""What a live camera is to us: a function that opens it and gives pictures.

A lens runs in a child process of its own, so it may block, hang, or take its process down with it.
It ends by raising CameraLost (or Missing) with a sentence for the log; it is then opened again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from smartlogd.base.seen import Packet, Pixels
from smartlogd.capture.options import CaptureOptions


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture (uint8[h, w, 3] RGB) and the packets that arrived since the one before.

    `pts_s` is when the packets' own clock shows it, where that is known.
    """

    pixels: Pixels
    packets: tuple[Packet, ...] = ()
    pts_s: float | None = None


class Lens(Protocol):
    """A function that opens a camera: it is named "module:function" and called in the child."""

    def __call__(self, options: CaptureOptions) -> Iterator[Shot]:
        """Pictures as they come; closing the iterator gives the camera back."""
        ...


class Pace:
    """Which of a camera's pictures are due, when it gives more of them a second than were asked for."""

    def __init__(self, fps: float) -> None:
        self._step_s = 1.0 / fps
        self._next_s: float | None = None

    def is_due(self, now_s: float) -> bool:
        """Whether the picture that came at `now_s` is to be used; half a step early is soon enough.

        >>> pace = Pace(10.0)
        >>> [pace.is_due(at_s) for at_s in (0.0, 0.033, 0.067, 0.1, 0.133, 0.167, 0.2)]
        [True, False, True, False, False, True, False]
        """
        if self._next_s is None or now_s - self._next_s > self._step_s:
            self._next_s = now_s + self._step_s
            return True
        if now_s < self._next_s - self._step_s / 2:
            return False
        self._next_s += self._step_s
        return True


def fitted(pixels: Pixels, options: CaptureOptions) -> Pixels:
    """The picture shrunk, its shape kept, into the size that was asked for, then turned as asked; read-only."""
    height, width = pixels.shape[:2]
    scale = min(options.width_px / width, options.height_px / height)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    if options.rotate_deg:
        pixels = np.rot90(pixels, -(options.rotate_deg // 90))
    frozen = pixels.view()
    frozen.setflags(write=False)
    return frozen
