"""Pictures for people: tracks, lines and counts drawn on a frame, and a grid to read places off.

Every function leaves the picture it is given alone and hands back a new one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from smartlogd.base.geometry import Point
from smartlogd.base.known import CrossingLine, Phase, Side, Track, TrackId, Zone, ZoneKind
from smartlogd.base.seen import Detection, Keypoint, Kind, Pixels
from smartlogd.record.pen import (
    PAPER,
    Colour,
    Pen,
    Spot,
    arrow,
    broken_box,
    dot,
    letters,
    panel,
    plate,
    solid_box,
    spot,
    stroke,
)

_FACE: Colour = (226, 232, 240)
_PHASES: Mapping[Phase, Colour] = {
    Phase.TENTATIVE: (160, 166, 173),
    Phase.CONFIRMED: (72, 199, 142),
    Phase.LOST: (233, 168, 75),
    Phase.ENDED: (120, 124, 130),
}
_LINES: tuple[Colour, ...] = ((94, 173, 242), (242, 119, 111), (196, 148, 240), (240, 205, 92), (92, 210, 208))
_SIDES: Mapping[Side, tuple[int, int]] = {
    Side.LEFT: (-1, 0),
    Side.RIGHT: (1, 0),
    Side.ABOVE: (0, -1),
    Side.BELOW: (0, 1),
}
_ZONES: Mapping[ZoneKind, Colour] = {
    ZoneKind.BOWL_FOOD: (226, 150, 96),
    ZoneKind.BOWL_WATER: (110, 168, 222),
    ZoneKind.BED: (170, 148, 206),
    ZoneKind.DOOR: (188, 188, 150),
}
_SEEN_WELL = 0.5
"""Keypoints less visible than this are guesses and are not drawn."""
_WHOLE_POSE = 17
"""As many points as the smallest usual skeleton has (COCO)."""


@dataclass(frozen=True, slots=True)
class LineCount:
    """How often a line was passed so far: `ins` towards its inside, `outs` the other way."""

    line: str
    ins: int = 0
    outs: int = 0


def draw(
    pixels: Pixels,
    tracks: Iterable[Track],
    lines: Iterable[CrossingLine] = (),
    counts: Iterable[LineCount] = (),
    *,
    zones: Iterable[Zone] = (),
    words: Mapping[TrackId, str] = MappingProxyType({}),
) -> Pixels:
    """The picture with its tracks and what they do, its lines with their inside arrows, its zones, and the counts.

    A solid green box is a confirmed track; only the corners are drawn of one that is lost and merely
    predicted (amber) or not believed yet (grey). A line and its row in the counts share a colour.
    `words` stand beside the tracks that do it. Words are written last, so that no stroke runs through them.
    """
    picture = pixels.copy()
    pen = Pen.for_picture(picture)
    shown = tuple(tracks)
    places = tuple(zones)
    for zone in places:
        _fence(picture, pen, zone)
    coloured = tuple((line, _LINES[n % len(_LINES)]) for n, line in enumerate(lines))
    for line, colour in coloured:
        stroke(picture, pen, (spot(picture, line.segment.start), spot(picture, line.segment.end)), colour)
        arrow(picture, pen, inside_arrow(picture, line), colour)
    for track in shown:
        _outline(picture, pen, track)
    for line, colour in coloured:
        _name(picture, pen, line, colour)
    for zone in places:
        _sign(picture, pen, zone)
    for track in shown:
        _number(picture, pen, track, words.get(track.id, ""))
    _counts(picture, pen, {line.name: colour for line, colour in coloured}, tuple(counts))
    return picture


def mark(pixels: Pixels, detections: Iterable[Detection]) -> Pixels:
    """The picture with bare detections, as the models gave them, before any tracking."""
    picture = pixels.copy()
    pen = Pen.for_picture(picture)
    found = tuple(detections)
    for detection in found:
        solid_box(picture, detection.box, _colour(detection), pen.stroke)
        for keypoint in _telling(detection):
            dot(picture, pen, keypoint.point, PAPER)
    for detection in found:
        text = f"{detection.kind.value} {detection.score:.2f}"
        _above(picture, pen, text, Point(detection.box.x0, detection.box.y0), _colour(detection))
    return picture


def grid(pixels: Pixels) -> Pixels:
    """The picture under a 0..1 grid with numbers: x along the top, y down the left side."""
    height, width = pixels.shape[:2]
    veil = pixels.copy()
    for tenth in range(1, 10):
        x, y = round((width - 1) * tenth / 10), round((height - 1) * tenth / 10)
        weight = 2 if tenth == 5 and min(height, width) > 320 else 1
        cv2.line(veil, (x, 0), (x, height - 1), PAPER, weight)
        cv2.line(veil, (0, y), (width - 1, y), PAPER, weight)
    picture = np.asarray(cv2.addWeighted(veil, 0.45, pixels, 0.55, 0), np.uint8)
    pen = Pen.for_picture(picture)
    for tenth in range(1, 10):
        text = f"0.{tenth}"
        wide, high = pen.extent(text)
        plate(picture, pen, text, (round(width * tenth / 10) - wide // 2, 0), PAPER)
        plate(picture, pen, text, (0, round(height * tenth / 10) - high // 2), PAPER)
    return picture


def roomy(pixels: Pixels, least_px: int = 960) -> Pixels:
    """The picture enlarged until its longer side has at least `least_px` pixels; never shrunk."""
    height, width = pixels.shape[:2]
    scale = least_px / max(height, width)
    if scale <= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def inside_arrow(picture: Pixels, line: CrossingLine) -> tuple[Spot, Spot]:
    """Tail and head, in pixels, of the arrow that stands on the line's middle and points to its inside."""
    height, width = picture.shape[:2]
    segment = line.segment
    across = (segment.end.x - segment.start.x) * width
    down = (segment.end.y - segment.start.y) * height
    length = math.hypot(across, down) or 1.0
    normal_x, normal_y = -down / length, across / length
    toward_x, toward_y = _SIDES[line.inside]
    sign = -1 if normal_x * toward_x + normal_y * toward_y < 0 else 1
    tail = spot(picture, segment.start.towards(segment.end, 0.5))
    reach = max(12.0, min(height, width) * 0.09) * sign
    return tail, (round(tail[0] + normal_x * reach), round(tail[1] + normal_y * reach))


def _name(picture: Pixels, pen: Pen, line: CrossingLine, colour: Colour) -> None:
    """The line's name just beyond its arrow's head: on the inside, and saying so."""
    tail, head = inside_arrow(picture, line)
    away = (head[0] - tail[0], head[1] - tail[1])
    length = math.hypot(*away) or 1.0
    text = f"{line.name} in"
    wide, high = pen.extent(text)
    left = head[0] + away[0] / length * (2 * pen.pad + wide / 2) - wide / 2
    top = head[1] + away[1] / length * (2 * pen.pad + high / 2) - high / 2
    plate(picture, pen, text, (round(left), round(top)), colour)


def _outline(picture: Pixels, pen: Pen, track: Track) -> None:
    """A track's box in the colour of its phase, and its face."""
    shape = solid_box if track.phase is Phase.CONFIRMED else broken_box
    shape(picture, track.box, _PHASES[track.phase], pen.stroke)
    if track.face is not None:
        solid_box(picture, track.face.box, _FACE, 1)


def _fence(picture: Pixels, pen: Pen, zone: Zone) -> None:
    """A zone's sides, thin, in the colour of its kind."""
    for start, end in itertools.pairwise((*zone.polygon, zone.polygon[0])):
        cv2.line(picture, spot(picture, start), spot(picture, end), _ZONES[zone.kind], pen.stroke, cv2.LINE_AA)


def _sign(picture: Pixels, pen: Pen, zone: Zone) -> None:
    """A zone's name under its lowest corner."""
    left, top = spot(picture, max(zone.polygon, key=lambda corner: corner.y))
    plate(picture, pen, zone.name, (left - pen.extent(zone.name)[0] // 2, top), _ZONES[zone.kind])


def _number(picture: Pixels, pen: Pen, track: Track, word: str) -> None:
    """A believed track's kind and number, and what it does, on the upper edge of its box."""
    if track.phase in (Phase.CONFIRMED, Phase.LOST):
        text = f"{track.kind.value} {track.id}" + (f"  {word}" if word else "")
        _above(picture, pen, text, Point(track.box.x0, track.box.y0), _PHASES[track.phase])


def _above(picture: Pixels, pen: Pen, text: str, corner: Point, colour: Colour) -> None:
    """`text` standing on the box whose upper left corner this is."""
    left, top = spot(picture, corner)
    plate(picture, pen, text, (left, top - pen.extent(text)[1]), colour)


def _colour(detection: Detection) -> Colour:
    """Faces pale, everything else green."""
    return _FACE if detection.kind is Kind.FACE else _PHASES[Phase.CONFIRMED]


def _telling(detection: Detection) -> tuple[Keypoint, ...]:
    """The keypoints that a person would recognise: a face's, and a whole pose's, where they are seen.

    The few points by which a body detector aligns its crop stand in thin air and would only puzzle.
    """
    if detection.kind is not Kind.FACE and len(detection.keypoints) < _WHOLE_POSE:
        return ()
    return tuple(keypoint for keypoint in detection.keypoints if keypoint.visibility >= _SEEN_WELL)


def _counts(picture: Pixels, pen: Pen, colours: Mapping[str, Colour], counts: tuple[LineCount, ...]) -> None:
    """The counts in the upper left corner, one row a line, as many rows as half the picture holds."""
    if not counts:
        return
    name_px = max(pen.extent(count.line)[0] for count in counts) + pen.pad
    ins_px = max(pen.extent(f"in {count.ins}")[0] for count in counts) + pen.pad
    outs_px = max(pen.extent(f"out {count.outs}")[0] for count in counts)
    row_px = pen.extent("0")[1]
    fitting = counts[: max(1, picture.shape[0] // 2 // row_px)]
    edge = pen.pad * 2
    panel(picture, (edge, edge), (name_px + ins_px + outs_px, row_px * len(fitting)))
    for row, count in enumerate(fitting):
        top = edge + row * row_px
        letters(picture, pen, count.line, (edge, top), colours.get(count.line, PAPER))
        letters(picture, pen, f"in {count.ins}", (edge + name_px, top), PAPER)
        letters(picture, pen, f"out {count.outs}", (edge + name_px + ins_px, top), PAPER)
