"""Which way a line was passed, and whether it really was.

Each pair of track and line has a small state machine, `PASSAGE`. The anchor of a body (the middle of its
box, or its feet) counts as evidence for a side only when it stands clear of the line by the band, and a
side is believed after two pieces of evidence that lie `evidence_gap_s` apart. A passing needs both sides
believed, so whoever dithers in the band counts once and whoever turns back counts not at all; after it
the track stands on the other side, and only the way back can count next.

Someone who comes into the picture through its edge may be seen for the first time when the middle of what
the edge leaves visible already stands past the line. If that edge lies on the line's other side, the edge
itself is the evidence: once the body has come out of it by a third of its own size, it has passed.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace

from smartlogd.base.geometry import Box, Point, along, offset
from smartlogd.base.known import Action, Anchor, Crossing, CrossingLine, Side, TrackId
from smartlogd.base.time import Stamp
from smartlogd.movement.predict import EDGE

_BAND_SHARE = 0.04
"""The band is at least this share of the body's size across the line: big boxes scatter more."""
_ENDS = 0.03
"""A line is taken to reach this much further (fractions of the picture) at both ends."""
_EMERGED = 0.33
_EMERGING_S = 2.0
_GOING = 0.2
"""Someone leaves who moves at least this share of their own size a second towards the edge."""
_HALF_HIDDEN = 0.7


STILL = Point(0.0, 0.0)


class Place(enum.Enum):
    """Where a track stands, seen from one line."""

    UNKNOWN = "unknown"
    MAYBE_OUTSIDE = "maybe outside"
    MAYBE_INSIDE = "maybe inside"
    OUTSIDE = "outside"
    INSIDE = "inside"
    ENTERING = "entering"
    LEAVING = "leaving"
    EDGE_OUTSIDE = "came through an edge that lies outside"
    EDGE_INSIDE = "came through an edge that lies inside"


class Sign(enum.Enum):
    """One piece of evidence."""

    OUT = "clear of the line on its outer side"
    IN = "clear of the line on its inner side"
    EMERGED = "clear of the line, and out of the edge"
    SETTLED = "too long since it came through the edge"


PASSAGE: Mapping[Place, Mapping[Sign, tuple[Place, Action | None]]] = {
    Place.UNKNOWN: {Sign.OUT: (Place.MAYBE_OUTSIDE, None), Sign.IN: (Place.MAYBE_INSIDE, None)},
    Place.MAYBE_OUTSIDE: {Sign.OUT: (Place.OUTSIDE, None), Sign.IN: (Place.MAYBE_INSIDE, None)},
    Place.MAYBE_INSIDE: {Sign.IN: (Place.INSIDE, None), Sign.OUT: (Place.MAYBE_OUTSIDE, None)},
    Place.OUTSIDE: {Sign.OUT: (Place.OUTSIDE, None), Sign.IN: (Place.ENTERING, None)},
    Place.INSIDE: {Sign.IN: (Place.INSIDE, None), Sign.OUT: (Place.LEAVING, None)},
    Place.ENTERING: {Sign.IN: (Place.INSIDE, Action.IN), Sign.OUT: (Place.OUTSIDE, None)},
    Place.LEAVING: {Sign.OUT: (Place.OUTSIDE, Action.OUT), Sign.IN: (Place.INSIDE, None)},
    Place.EDGE_OUTSIDE: {
        Sign.OUT: (Place.OUTSIDE, None),
        Sign.EMERGED: (Place.INSIDE, Action.IN),
        Sign.SETTLED: (Place.UNKNOWN, None),
    },
    Place.EDGE_INSIDE: {
        Sign.IN: (Place.INSIDE, None),
        Sign.EMERGED: (Place.OUTSIDE, Action.OUT),
        Sign.SETTLED: (Place.UNKNOWN, None),
    },
}
"""Place -> sign -> the next place, and the passing it completes."""


_UNSURE = frozenset({Place.UNKNOWN, Place.MAYBE_OUTSIDE, Place.MAYBE_INSIDE})


@dataclass(frozen=True, slots=True)
class Look:
    """What one frame says of one track to a line.

    Its visible `box` and its `anchor`, the box it was `born` with and when it was `first` seen, and whether
    movement `is_alive` in it: what never moves (a coat, a post that looks like someone) passes nothing,
    however its box may flicker. `velocity` is the body's, in fractions a second, and `whole` its believed
    width and height, the part beyond the picture's edge included.
    """

    track: TrackId
    box: Box
    anchor: Point
    born: Box
    first: Stamp
    stamp: Stamp
    confidence: float
    is_alive: bool = True
    velocity: Point = STILL
    whole: Point = STILL


@dataclass(frozen=True, slots=True)
class Watch:
    """One track as one line sees it: the place, the last evidence, and where and when the anchor last met the line."""

    place: Place
    seen: Look
    evidence_at: Stamp | None = None
    met_at: Stamp | None = None
    met_where: Point | None = None


def inward(line: CrossingLine, point: Point) -> float:
    """How far `point` stands from the line, positive on its inside.

    >>> from smartlogd.base.geometry import Segment
    >>> door = CrossingLine("door", Segment(Point(.35, 0), Point(.35, 1)), Side.LEFT)
    >>> round(inward(door, Point(.25, .5)), 3)
    0.1
    """
    return offset(line.segment, point) * _inside_hand(line)


def _inside_hand(line: CrossingLine) -> int:
    """+1 when the line's right hand (walking start to end) is its inside, else -1."""
    across_x = line.segment.end.x - line.segment.start.x
    across_y = line.segment.end.y - line.segment.start.y
    if line.inside in {Side.ABOVE, Side.BELOW}:
        right_is_below = across_x > 0
        return 1 if right_is_below == (line.inside is Side.BELOW) else -1
    right_is_left = across_y > 0
    return 1 if right_is_left == (line.inside is Side.LEFT) else -1


def begin(line: CrossingLine, look: Look) -> Watch:
    """The first look at a new track."""
    depth = inward(line, look.anchor)
    edges = sorted(_edges(look.born), key=lambda edge: inward(line, edge) * depth)  # one beyond the line first
    if edges:
        place = Place.EDGE_INSIDE if inward(line, edges[0]) > 0 else Place.EDGE_OUTSIDE
        if inward(line, edges[0]) * depth < 0 or not _is_clear(line, look):
            return Watch(place, look, met_at=look.stamp, met_where=_meeting(line, edges[0], look.anchor))
        return _judged(line, Watch(place, look), look, gap_s=0.0)[0]
    return _judged(line, Watch(Place.UNKNOWN, look), look, gap_s=0.0)[0]


def watch(line: CrossingLine, before: Watch, look: Look, gap_s: float) -> tuple[Watch, Crossing | None]:
    """The next look at a track, and the passing that it completes, if any."""
    was, now = inward(line, before.seen.anchor), inward(line, look.anchor)
    if (was < 0) != (now < 0):
        share = was / (was - now)
        met_at = before.seen.stamp.shifted(look.stamp.since(before.seen.stamp) * share)
        where = before.seen.anchor.towards(look.anchor, share)
        before = replace(before, met_at=met_at, met_where=where)
    return _judged(line, replace(before, seen=look), look, gap_s)


def departed(line: CrossingLine, last: Watch) -> Crossing | None:
    """The passing of someone who left the picture through an edge beyond the line, as `last` saw them.

    The counterpart of coming in through an edge: the middle of what is visible never gets past a line that
    lies nearer to the edge than half a body. Asked once, when the track has ended.
    """
    look = last.seen
    is_inside = last.place in {Place.INSIDE, Place.LEAVING}
    edge = _exit(look)
    if edge is None or not look.is_alive or not (is_inside or last.place in {Place.OUTSIDE, Place.ENTERING}):
        return None
    if (inward(line, edge) > 0) == is_inside:
        return None
    where = _meeting(line, look.anchor, edge)
    if not _on_segment(line, where):
        return None
    return Crossing(line.name, Action.OUT if is_inside else Action.IN, look.track, look.stamp, where, look.confidence)


def _exit(look: Look) -> Point | None:
    """The middle of the contact with the edge through which a body was leaving: half hidden by it, and going there."""
    for edge in _edges(look.box):
        sideways = edge.x in {0.0, 1.0}
        speed = look.velocity.x * (edge.x * 2 - 1) if sideways else look.velocity.y * (edge.y * 2 - 1)
        other = abs(look.velocity.y) if sideways else abs(look.velocity.x)
        visible, whole = (look.box.width, look.whole.x) if sideways else (look.box.height, look.whole.y)
        if speed > max(other, _GOING * whole) and visible < _HALF_HIDDEN * whole:
            return edge
    return None


def _judged(line: CrossingLine, state: Watch, look: Look, gap_s: float) -> tuple[Watch, Crossing | None]:
    sign = _sign(line, state, look)
    if sign is None or not (look.is_alive or state.place in _UNSURE):
        return state, None
    # A frame that only repeats what the frame before it said a moment ago proves nothing new.
    if state.evidence_at is not None and look.stamp.since(state.evidence_at) < gap_s and _same(state.place, sign):
        return state, None
    place, action = PASSAGE[state.place].get(sign, (state.place, None))
    state = replace(state, place=place, evidence_at=look.stamp)
    if action is None or state.met_at is None or state.met_where is None:
        return state, None
    if not _on_segment(line, state.met_where):
        return state, None
    return state, Crossing(line.name, action, look.track, state.met_at, state.met_where, look.confidence)


def _same(place: Place, sign: Sign) -> bool:
    """Whether a believed place would only be confirmed by this sign: a second look too soon after the first."""
    waiting = {
        Place.MAYBE_OUTSIDE: Sign.OUT,
        Place.MAYBE_INSIDE: Sign.IN,
        Place.ENTERING: Sign.IN,
        Place.LEAVING: Sign.OUT,
    }
    return waiting.get(place) is sign


def _sign(line: CrossingLine, state: Watch, look: Look) -> Sign | None:
    depth = inward(line, look.anchor)
    sign = Sign.IN if depth > 0 else Sign.OUT
    is_clear = _is_clear(line, look)
    if state.place not in {Place.EDGE_OUTSIDE, Place.EDGE_INSIDE}:
        return sign if is_clear else None
    came_from = Sign.OUT if state.place is Place.EDGE_OUTSIDE else Sign.IN
    if sign is came_from:
        return sign if is_clear else None
    if look.stamp.since(look.first) > _EMERGING_S:
        return Sign.SETTLED
    return Sign.EMERGED if is_clear and _has_emerged(line, look) else None


def _is_clear(line: CrossingLine, look: Look) -> bool:
    """Whether the anchor stands out of the band, where the picture's noise cannot tell the sides apart."""
    return abs(inward(line, look.anchor)) >= max(line.band, _BAND_SHARE * _size_across(line, look.box))


def _edges(born: Box) -> tuple[Point, ...]:
    """Where a body may have come in: the middle of its contact with each picture edge that it touches.

    A body that reaches from edge to edge (someone close to the camera) says nothing along that axis.
    """
    touches = []
    if (born.x0 < EDGE) != (born.x1 > 1 - EDGE):
        touches.append(Point(0.0 if born.x0 < EDGE else 1.0, born.centre.y))
    if (born.y0 < EDGE) != (born.y1 > 1 - EDGE):
        touches.append(Point(born.centre.x, 0.0 if born.y0 < EDGE else 1.0))
    return tuple(touches)


def _has_emerged(line: CrossingLine, look: Look) -> bool:
    """Whether the body's free side has moved out of an edge beyond the line by a third of what is visible now."""
    inner = inward(line, look.anchor) > 0
    for edge in _edges(look.born):
        if (inward(line, edge) > 0) == inner:
            continue
        if edge.x in {0.0, 1.0}:
            gone = (look.box.x1 - look.born.x1) if edge.x == 0.0 else (look.born.x0 - look.box.x0)
            if gone > _EMERGED * look.box.width:
                return True
        else:
            gone = (look.box.y1 - look.born.y1) if edge.y == 0.0 else (look.born.y0 - look.box.y0)
            if gone > _EMERGED * look.box.height:
                return True
    return False


def _meeting(line: CrossingLine, one: Point, other: Point) -> Point:
    was, now = inward(line, one), inward(line, other)
    return one.towards(other, was / (was - now)) if was != now else other


def _on_segment(line: CrossingLine, point: Point) -> bool:
    slack = _ENDS / max(line.segment.length, 1e-9)
    return -slack <= along(line.segment, point) <= 1 + slack


def _size_across(line: CrossingLine, box: Box) -> float:
    """The box's size in the direction in which the line is passed."""
    across_x = abs(line.segment.end.y - line.segment.start.y)
    across_y = abs(line.segment.end.x - line.segment.start.x)
    return (box.width * across_x + box.height * across_y) / max(line.segment.length, 1e-9)


def anchor_of(line: CrossingLine, box: Box, ankles: Point | None) -> Point:
    """The point of a body that passes the line: the middle of its box, or its feet (ankles, else the lower side)."""
    if line.anchor is Anchor.CENTRE:
        return box.centre
    return ankles or box.foot
