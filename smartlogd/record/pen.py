"""Strokes and letters on a picture: the few shapes that `draw` is made of.

All functions change the picture they are given. Sizes follow from the picture's own, so that a
320x240 preview and a 1920x1080 frame look alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Pixels

Colour = tuple[int, int, int]
Spot = tuple[int, int]

INK: Colour = (24, 27, 31)
PAPER: Colour = (244, 244, 240)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SHADE = 0.78
"""How much of a plate is ink: letters stay readable on snow, the picture still shows through."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Stroke and letter sizes that suit one picture: all in pixels but `font`, OpenCV's scale."""

    stroke: int
    font: float
    weight: int
    pad: int

    @classmethod
    def for_picture(cls, pixels: Pixels) -> Pen:
        """Sizes that follow the picture's height, or 3/4 of its width where that is less."""
        height, width = pixels.shape[:2]
        size = min(height, width * 0.75)
        return cls(
            stroke=max(1, round(size / 300)),
            font=min(1.6, max(0.36, size / 900)),
            weight=max(1, round(size / 640)),
            pad=max(2, round(size / 160)),
        )

    def extent(self, text: str) -> tuple[int, int]:
        """Width and height of `text` with its padding, pixels."""
        (wide, high), below = cv2.getTextSize(text, _FONT, self.font, self.weight)
        return wide + 2 * self.pad, high + below // 2 + 2 * self.pad


def stroke(picture: Pixels, pen: Pen, ends: tuple[Spot, Spot], colour: Colour) -> None:
    """A straight stroke on a dark edge, so that it shows on snow and on asphalt."""
    cv2.line(picture, *ends, INK, pen.stroke * 3, cv2.LINE_AA)
    cv2.line(picture, *ends, colour, pen.stroke + 1, cv2.LINE_AA)


def arrow(picture: Pixels, pen: Pen, ends: tuple[Spot, Spot], colour: Colour) -> None:
    """An arrow from the first spot to the second."""
    cv2.arrowedLine(picture, *ends, INK, pen.stroke * 3, cv2.LINE_AA, tipLength=0.4)
    cv2.arrowedLine(picture, *ends, colour, pen.stroke + 1, cv2.LINE_AA, tipLength=0.4)


def solid_box(picture: Pixels, box: Box, colour: Colour, weight: int) -> None:
    """A box whose outline is `weight` pixels wide."""
    start, end = _corners(picture, box)
    cv2.rectangle(picture, start, end, INK, weight + 2, cv2.LINE_AA)
    cv2.rectangle(picture, start, end, colour, weight, cv2.LINE_AA)


def broken_box(picture: Pixels, box: Box, colour: Colour, weight: int) -> None:
    """Only the corners of a box: believed to be here, not seen here."""
    (x0, y0), (x1, y1) = _corners(picture, box)
    reach_x, reach_y = (x1 - x0) // 4, (y1 - y0) // 4
    for x, step_x in ((x0, reach_x), (x1, -reach_x)):
        for y, step_y in ((y0, reach_y), (y1, -reach_y)):
            cv2.line(picture, (x, y), (x + step_x, y), colour, weight, cv2.LINE_AA)
            cv2.line(picture, (x, y), (x, y + step_y), colour, weight, cv2.LINE_AA)


def dot(picture: Pixels, pen: Pen, point: Point, colour: Colour) -> None:
    """A small filled disc."""
    cv2.circle(picture, spot(picture, point), pen.stroke + 1, colour, -1, cv2.LINE_AA)


def plate(picture: Pixels, pen: Pen, text: str, corner: Spot, colour: Colour) -> None:
    """`text` on a dark plate, pushed inside the picture where it would stand out of it."""
    height, width = picture.shape[:2]
    wide, high = pen.extent(text)
    left = min(max(0, corner[0]), max(0, width - wide))
    top = min(max(0, corner[1]), max(0, height - high))
    panel(picture, (left, top), (wide, high))
    letters(picture, pen, text, (left, top), colour)


def panel(picture: Pixels, corner: Spot, size: tuple[int, int]) -> None:
    """Darkens a rectangle, so that letters on it can be read."""
    part = picture[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]]
    part[:] = (part * np.float32(1 - _SHADE) + np.array(INK, np.float32) * np.float32(_SHADE)).astype(np.uint8)


def letters(picture: Pixels, pen: Pen, text: str, corner: Spot, colour: Colour) -> None:
    """`text` whose padded box begins at `corner`."""
    high = cv2.getTextSize(text, _FONT, pen.font, pen.weight)[0][1]
    base = (corner[0] + pen.pad, corner[1] + pen.pad + high)
    cv2.putText(picture, text, base, _FONT, pen.font, colour, pen.weight, cv2.LINE_AA)


def spot(picture: Pixels, point: Point) -> Spot:
    """A point in whole pixels, at most one picture beyond its edge: OpenCV wraps huge coordinates."""
    height, width = picture.shape[:2]
    x, y = min(2.0, max(-1.0, point.x)), min(2.0, max(-1.0, point.y))
    return round(x * (width - 1)), round(y * (height - 1))


def _corners(picture: Pixels, box: Box) -> tuple[Spot, Spot]:
    """A box's corners in pixels; what stands out of the picture is cut, so that its edges stay visible."""
    seen = box.clipped()
    return spot(picture, Point(seen.x0, seen.y0)), spot(picture, Point(seen.x1, seen.y1))
