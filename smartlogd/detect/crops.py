"""Where to look closer: square parts of the picture round what moves or is followed (pure)."""

from __future__ import annotations

import math

from smartlogd.base.geometry import Box, Point

_ROOM = 2.2
"""A crop is this many times as long as the region it is for. Measured with people of 20 to 80 pixels pasted into a
768 x 576 picture: crops of 1.5 to 3 times their height find 85 to 100 % of them, of 4 times 60 %, the whole
picture 0 to 45 %."""
_SHARED_ROOM = 1.5
"""How much longer a crop may become to hold one more region; then the smallest in it is still found."""
_SMALLEST_PX = 64
"""Someone 20 pixels high is still found when a crop of this size is enlarged."""


def crops(regions: tuple[Box, ...], width: int, height: int, most: int, turn: int = 0) -> tuple[Box, ...]:
    """At most `most` squares (in pixels) that hold `regions`, each with room around it.

    `width` and `height` are the picture's, in pixels. Neighbours share a square. A region that is large
    needs none. Where more squares are wanted than `most`, they take turns: `turn` is the frame's number.

    >>> crops((Box(0, 0, .125, .125), Box(.125, 0, .1875, .125), Box(0, 0, 1, 1)), 1000, 1000, 2)
    (Box(x0=0.0, y0=0.0, x1=0.275, y1=0.275),)
    """
    wanted = tuple(_square(group, width, height) for group in _groups(regions, width, height))
    if len(wanted) <= most:
        return wanted
    first = turn * most
    return tuple(wanted[(first + step) % len(wanted)] for step in range(most))


def _groups(regions: tuple[Box, ...], width: int, height: int) -> list[Box]:
    """The boxes that hold the regions, neighbours of about one size together."""
    groups: list[Box] = []
    roofs: list[float] = []  # how long each group's square may become, in pixels
    for region in (each.clipped() for each in regions):
        own = _side(region, width, height)
        if region.area == 0 or own > min(width, height):
            continue  # large enough for the look at the whole picture
        roof = min(own * _SHARED_ROOM, width, height)
        for index, group in enumerate(groups):
            both = group if _holds(_square(group, width, height), region) else _union(group, region)
            if _side(both, width, height) <= min(roofs[index], roof):
                groups[index], roofs[index] = both, min(roofs[index], roof)
                break
        else:
            groups.append(region)
            roofs.append(roof)
    return groups


def _holds(square: Box, region: Box) -> bool:
    return square.x0 <= region.x0 and square.y0 <= region.y0 and square.x1 >= region.x1 and square.y1 >= region.y1


def _side(box: Box, width: int, height: int) -> float:
    """How long, in pixels, the square round `box` is."""
    return max(max(box.width * width, box.height * height) * _ROOM, _SMALLEST_PX)


def _union(one: Box, other: Box) -> Box:
    return Box(min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1))


def _square(box: Box, width: int, height: int) -> Box:
    """The square round `box`, moved onto the picture where it would stand out."""
    side = min(_side(box, width, height), width, height)
    half = Point(side / width / 2, side / height / 2)
    x = min(max(box.centre.x, half.x), 1 - half.x)
    y = min(max(box.centre.y, half.y), 1 - half.y)
    return Box(x - half.x, y - half.y, x + half.x, y + half.y)


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


def squares(width: int, height: int, share: float) -> tuple[Box, ...]:
    """Squares of `share` of the picture's shorter side, four or more, that cover it and overlap by a third or more.

    >>> [round(each.x0, 3) for each in squares(1000, 1000, 0.6)]
    [0.0, 0.0, 0.4, 0.4]
    """
    side = share * min(width, height)
    columns, rows = (max(2, math.ceil((length / side - 1) * 1.5) + 1) for length in (width, height))
    return tuple(
        Box(x / width, y / height, (x + side) / width, (y + side) / height)
        for x in (column * (width - side) / (columns - 1) for column in range(columns))
        for y in (row * (height - side) / (rows - 1) for row in range(rows))
    )


def square_round(box: Box, width: int, height: int, room: float) -> Box:
    """The square (in pixels) about the middle of `box` that is `room` times as long as it; it may stand out."""
    side = max(box.width * width, box.height * height) * room
    return Box.around(box.centre, side / width, side / height)
