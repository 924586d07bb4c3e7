"""Where a body was in the last three seconds, and what that says of its pace and its nearness (pure).

All lengths are in picture heights, so that a step sideways and one downwards measure alike. A body's own size is the
longer side of its box: a person's height, a dog's length, and of someone who lies their length again. Paces are in
sizes a second, which makes them independent of how far away somebody is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from smartlogd.base.geometry import Box
from smartlogd.base.time import Stamp
from smartlogd.movement.predict import EDGE

SPAN_S = 3.0
"""So far back is remembered."""
_STEP_S = 0.2
"""So often a place is remembered: five a second say enough of a body."""
_SMOOTH_S = 0.2
"""Detected sides tremble; they are averaged over about this long."""
_BROKEN_S = 2.5
"""Who was not seen for longer begins a new trace."""
_RECENT_S = 0.8
"""Motion is measured over at least this long: over less it would be the trembling of the box."""
_DEPTH_SHARE = 1 / 3
_HALF_SHARE = 0.2
_SMALL = 1e-3
_ONE_AXIS = 1.35
"""Growth that shows in the width alone must be this much more: who turns round grows wide."""


@dataclass(frozen=True, slots=True)
class Look:
    """A body at one instant: its box in picture heights, and which sides (left, upper, right, lower) are its own.

    A side on the picture's edge is the edge's, and hides how far the body goes on. Across, 0 is the middle of the
    picture; down, its upper edge. `size` is its longer side; while the edge cuts it, no less than before. `way` is how
    far its middle has gone since the trace began, in its own sizes.
    """

    stamp: Stamp
    x0: float
    y0: float
    x1: float
    y1: float
    free: tuple[bool, bool, bool, bool]
    size: float
    way: float

    @property
    def width(self) -> float:
        """Of the box, in picture heights."""
        return max(_SMALL, self.x1 - self.x0)

    @property
    def height(self) -> float:
        """Of the box, in picture heights."""
        return max(_SMALL, self.y1 - self.y0)

    @property
    def is_cut_across(self) -> bool:
        """Whether its width cannot be measured."""
        return not (self.free[0] and self.free[2])

    @property
    def is_cut_down(self) -> bool:
        """Whether its height cannot be measured."""
        return not (self.free[1] and self.free[3])

    @property
    def place(self) -> tuple[float, float]:
        """Where it is on the ground, in its own sizes: to the right, and away from the camera.

        By similar triangles, through a lens that shows as much height as it is away (53 degrees). The absolute
        distance is only as right as that; which of two places is nearer, and by how much of itself, holds for any lens.
        """
        size = self.size
        return (self.x0 + self.x1) / (2 * size), 1 / size


@dataclass(frozen=True, slots=True)
class Trace:
    """The newest look, smoothed, and those before it, oldest first."""

    now: Look
    past: tuple[Look, ...] = ()


def followed(trace: Trace | None, box: Box, stamp: Stamp, aspect: float) -> Trace:
    """The trace one look on; `aspect` is the picture's width by its height.

    About five times a second a new place is remembered: `past` is then another tuple.
    """
    x0, x1 = (box.x0 - 0.5) * aspect, (box.x1 - 0.5) * aspect
    free = (box.x0 >= EDGE, box.y0 >= EDGE, box.x1 <= 1 - EDGE, box.y1 <= 1 - EDGE)
    if trace is None or stamp.since(trace.now.stamp) > _BROKEN_S:
        return Trace(Look(stamp, x0, box.y0, x1, box.y1, free, max(_SMALL, x1 - x0, box.y1 - box.y0), 0.0))
    last = trace.now
    share = 1 - math.exp(-stamp.since(last.stamp) / _SMOOTH_S)
    left, right = last.x0 + (x0 - last.x0) * share, last.x1 + (x1 - last.x1) * share
    top, bottom = last.y0 + (box.y0 - last.y0) * share, last.y1 + (box.y1 - last.y1) * share
    moved = math.hypot(left + right - last.x0 - last.x1, top + bottom - last.y0 - last.y1) / 2
    size = max(_SMALL if all(free) else last.size, right - left, bottom - top)
    now = Look(stamp, left, top, right, bottom, free, size, last.way + moved / last.size)
    if trace.past and last.stamp.since(trace.past[-1].stamp) < _STEP_S - _SMALL:
        return Trace(now, trace.past)
    kept = tuple(look for look in trace.past if stamp.since(look.stamp) <= SPAN_S + _STEP_S)
    return Trace(now, (*kept, last))


def motion(trace: Trace) -> float | None:
    """How much the body moves or changes its shape: sizes a second, over the last second; None where it is too new.

    The mean shift of its own sides; of one that fills the picture nothing can be seen to move. Who walks straight away
    hardly shifts on the picture: the way into its depth counts too, a third, since it is known so much less well.
    """
    then = _before(trace, _RECENT_S)
    if then is None:
        return None
    now = trace.now
    shifts = (now.x0 - then.x0, now.y0 - then.y0, now.x1 - then.x1, now.y1 - then.y1)
    squares, sides = 0.0, 0
    for shift, was_free, is_free in zip(shifts, then.free, now.free, strict=True):
        if was_free and is_free:
            squares += shift * shift
            sides += 1
    deep = abs(1 / now.size - 1 / then.size) * _DEPTH_SHARE
    return max(math.sqrt(squares / max(1, sides)) / now.size, deep) / now.stamp.since(then.stamp)


def pace(trace: Trace, over_s: float) -> float | None:
    """How fast the middle goes, to and fro counted: sizes a second; None where the trace is shorter."""
    then = _before(trace, over_s)
    return None if then is None else (trace.now.way - then.way) / trace.now.stamp.since(then.stamp)


def straightness(trace: Trace) -> float:
    """How straight the way of the last seconds was: 1 as the crow flies, near 0 to and fro; 1 where nothing moved."""
    if not trace.past:
        return 1.0
    then, now = trace.past[0], trace.now
    way = now.way - then.way
    if way < _SMALL:
        return 1.0
    apart = math.hypot(now.x0 + now.x1 - then.x0 - then.x1, now.y0 + now.y1 - then.y0 - then.y1) / 2
    return min(1.0, apart / now.size / way)


def heading(trace: Trace) -> int:
    """Which way it walks across the picture: -1 left, 1 right, 0 where it hardly does."""
    then = _before(trace, _RECENT_S)
    if then is None:
        return 0
    shift = (trace.now.x0 + trace.now.x1 - then.x0 - then.x1) / 2
    return 0 if abs(shift) < 0.3 * trace.now.size else (1 if shift > 0 else -1)


def growth(trace: Trace, over_s: float, after: Stamp | None = None) -> tuple[float, Look]:
    """By how much the body looks larger now than it did at its smallest within `over_s` (and `after`), and when.

    The factor is 1 or less where it does not grow.
    """
    now = trace.now
    best, when, since_ns = 1.0, now, now.stamp.mono_ns - round(over_s * 1e9)
    if after is not None:
        since_ns = max(since_ns, after.mono_ns)
    width = now.width
    for look in trace.past:
        # Whatever else is measured, nobody has grown further than in width: the first question, since it costs least.
        if look.stamp.mono_ns < since_ns or (look.x1 - look.x0) * best >= width:
            continue
        factor = _factor(look, now)
        if factor > best:
            best, when = factor, look
    return best, when


def is_gradual(trace: Trace, since: Look) -> bool:
    """Whether the growth since a look went on all the time, a good part of it in either half.

    What comes nearer grows so. A box that was of half a body, and is of the whole, has grown at once.
    """
    now = trace.now
    middle_ns = (since.stamp.mono_ns + now.stamp.mono_ns) // 2
    between = [look for look in trace.past if since.stamp.mono_ns < look.stamp.mono_ns < now.stamp.mono_ns]
    if not between:
        return False
    middle = min(between, key=lambda look: abs(look.stamp.mono_ns - middle_ns))
    whole, first = math.log(now.size / since.size), math.log(middle.size / since.size)
    return _HALF_SHARE * whole <= first <= (1 - _HALF_SHARE) * whole


def _factor(then: Look, now: Look) -> float:
    """By how much a body has grown for sure, 1 where nothing can be said.

    Both axes must have grown; one that the edge cuts now has grown at least as far as can be seen. Where the height
    could not be measured, as of someone at a desk, the width alone must show a third more, but no more than the height
    can have grown. The height alone says nothing: who is cut at the side may be getting up.
    """
    if then.is_cut_across:
        return 1.0
    across, down = now.width / then.width, now.height / then.height
    if not then.is_cut_down and not now.is_cut_down:
        return min(across, down)
    alone = 1.0 if now.is_cut_across else across / _ONE_AXIS
    if then.is_cut_down:
        return alone if now.is_cut_down else min(alone, down)
    return max(min(across, down), alone)


def _before(trace: Trace, least_s: float) -> Look | None:
    """The newest look that is at least so old."""
    by_ns = trace.now.stamp.mono_ns - round(least_s * 1e9)
    for look in reversed(trace.past):
        if look.stamp.mono_ns <= by_ns:
            return look
    return None
