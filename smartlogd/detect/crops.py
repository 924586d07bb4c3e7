"""Where to look closer: square parts of the picture round what moves or is followed (pure)."""

from __future__ import annotations

from smartlogd.base.geometry import Box, Point

_ROOM = 2.2
"""A crop is this many times as long as what it is for: people are found best at a third to a half of the input."""
_SMALLEST = 0.5
"""A crop shows at least this share of the model's input in pixels: to enlarge twice still helps, more does not."""
_LARGEST = 0.75
"""A crop longer than this share of the picture's shorter side would show little that the whole picture does not."""


def crops(regions: tuple[Box, ...], width: int, height: int, size: int, most: int) -> tuple[Box, ...]:
    """At most `most` squares (in pixels) that hold `regions`, in the order of their first region.

    `width` and `height` are the picture's, `size` the model's input, in pixels. A region that an
    earlier square holds needs none of its own; one that is large needs none at all.
    """
    chosen: list[Box] = []
    for region in regions:
        if len(chosen) == most:
            break
        square = _square(region.clipped(), width, height, size)
        if square is not None and not any(_holds(earlier, region) for earlier in chosen):
            chosen.append(square)
    return tuple(chosen)


def tiles(width: int, height: int, most: int) -> tuple[Box, ...]:
    """At most `most` overlapping squares along the picture's longer side; none for a picture nearly square."""
    longer, shorter = max(width, height), min(width, height)
    if most < 2 or longer < 1.2 * shorter:
        return ()
    share, count = shorter / longer, min(most, -(-longer // shorter))
    starts = [index * (1 - share) / (count - 1) for index in range(count)]
    if width > height:
        return tuple(Box(start, 0, start + share, 1) for start in starts)
    return tuple(Box(0, start, 1, start + share) for start in starts)


def _square(region: Box, width: int, height: int, size: int) -> Box | None:
    longest = max(region.width * width, region.height * height)
    side = max(longest * _ROOM, size * _SMALLEST)
    if region.area == 0 or side > _LARGEST * min(width, height):
        return None
    half = Point(side / width / 2, side / height / 2)
    x = min(max(region.centre.x, half.x), 1 - half.x)
    y = min(max(region.centre.y, half.y), 1 - half.y)
    return Box(x - half.x, y - half.y, x + half.x, y + half.y)


def _holds(square: Box, region: Box) -> bool:
    return square.x0 <= region.x0 and square.y0 <= region.y0 and square.x1 >= region.x1 and square.y1 >= region.y1
