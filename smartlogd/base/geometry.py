"""Points, boxes and lines on a picture, in fractions of its width and height.

The origin is the top-left corner, x runs right, y runs down, and 1.0 is the far edge. Values a
little outside 0..1 are allowed: a predicted box may stand partly outside the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the picture, as fractions of its width and height."""

    x: float
    y: float

    def distance(self, other: Point) -> float:
        """How far apart two points stand, in fractions (anisotropic when the picture is not square).

        >>> Point(0, 0).distance(Point(.3, .4))
        0.5
        """
        return math.hypot(self.x - other.x, self.y - other.y)

    def towards(self, other: Point, share: float) -> Point:
        """The point `share` of the way from here to `other`.

        >>> Point(0, 0).towards(Point(1, .5), .5)
        Point(x=0.5, y=0.25)
        """
        return Point(self.x + (other.x - self.x) * share, self.y + (other.y - self.y) * share)


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle: left, top, right, bottom, as fractions of the picture."""

    x0: float
    y0: float
    x1: float
    y1: float

    @classmethod
    def around(cls, centre: Point, width: float, height: float) -> Self:
        """The box of this size whose middle is `centre`.

        >>> Box.around(Point(.5, .5), .5, 1)
        Box(x0=0.25, y0=0.0, x1=0.75, y1=1.0)
        """
        return cls(centre.x - width / 2, centre.y - height / 2, centre.x + width / 2, centre.y + height / 2)

    @property
    def width(self) -> float:
        """Right minus left."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Bottom minus top."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Share of the picture that the box covers; 0 for an inverted box."""
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> Point:
        """The middle of the box."""
        return Point((self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2)

    @property
    def foot(self) -> Point:
        """The middle of the lower side: where someone upright stands."""
        return Point((self.x0 + self.x1) / 2, self.y1)

    def clipped(self) -> Box:
        """The part of the box that lies on the picture.

        >>> Box(-.2, .5, .5, 1.5).clipped()
        Box(x0=0.0, y0=0.5, x1=0.5, y1=1.0)
        """
        return Box(*(min(1.0, max(0.0, side)) for side in (self.x0, self.y0, self.x1, self.y1)))

    def grown(self, factor: float) -> Box:
        """The same box about the same middle, `factor` times as wide and high."""
        return Box.around(self.centre, self.width * factor, self.height * factor)

    def contains(self, point: Point) -> bool:
        """Whether `point` lies in the box or on its border."""
        return self.x0 <= point.x <= self.x1 and self.y0 <= point.y <= self.y1


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight line from `start` to `end`; walking along it, right and left have a meaning."""

    start: Point
    end: Point

    @property
    def length(self) -> float:
        """How long the segment is, in fractions of the picture."""
        return self.start.distance(self.end)


@dataclass(frozen=True, slots=True)
class Fit:
    """How a part of the picture was laid into a model's square input, and the way back.

    `part` is the part of the picture (fractions) that the whole input shows; it reaches beyond the
    picture where the input has padding.
    """

    part: Box

    def back(self, point: Point) -> Point:
        """A point of the input (fractions of it) as a point of the picture."""
        return Point(self.part.x0 + point.x * self.part.width, self.part.y0 + point.y * self.part.height)

    def back_box(self, box: Box) -> Box:
        """A box of the input (fractions of it) as a box of the picture."""
        top_left, bottom_right = self.back(Point(box.x0, box.y0)), self.back(Point(box.x1, box.y1))
        return Box(top_left.x, top_left.y, bottom_right.x, bottom_right.y)


def overlap(one: Box, other: Box) -> float:
    """The area that two boxes share.

    >>> overlap(Box(0, 0, .5, 1), Box(.25, 0, 1, 1))
    0.25
    """
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return width * height if width > 0 and height > 0 else 0.0


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0 apart to 1 equal.

    >>> iou(Box(0, 0, .5, 1), Box(.25, 0, .75, 1))
    0.3333333333333333
    """
    shared = overlap(one, other)
    union = one.area + other.area - shared
    return shared / union if union > 0 else 0.0


def offset(line: Segment, point: Point) -> float:
    """How far `point` stands from `line`; positive on its right hand, walking start to end.

    A line without length has no sides: the answer is then 0.

    >>> offset(Segment(Point(0, .5), Point(1, .5)), Point(.3, .75))
    0.25
    """
    along_x, along_y = line.end.x - line.start.x, line.end.y - line.start.y
    length = math.hypot(along_x, along_y)
    if length == 0:
        return 0.0
    return (along_x * (point.y - line.start.y) - along_y * (point.x - line.start.x)) / length


def along(line: Segment, point: Point) -> float:
    """Where `point` falls when dropped on `line`: 0 at its start, 1 at its end, beyond outside them.

    >>> along(Segment(Point(0, .5), Point(1, .5)), Point(.3, .75))
    0.3
    """
    along_x, along_y = line.end.x - line.start.x, line.end.y - line.start.y
    squared = along_x * along_x + along_y * along_y
    if squared == 0:
        return 0.0
    return ((point.x - line.start.x) * along_x + (point.y - line.start.y) * along_y) / squared


def inside(polygon: tuple[Point, ...], point: Point) -> bool:
    """Whether `point` lies within `polygon`, by the even-odd rule (Shimrat 1962).

    >>> inside((Point(0, 0), Point(1, 0), Point(0, 1)), Point(.2, .2))
    True
    """
    within = False
    before = polygon[-1] if polygon else point
    for corner in polygon:
        if (corner.y > point.y) != (before.y > point.y):
            at_x = (before.x - corner.x) * (point.y - corner.y) / (before.y - corner.y) + corner.x
            if point.x < at_x:
                within = not within
        before = corner
    return within
