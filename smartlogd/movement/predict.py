"""Where a body will be next: a constant-velocity Kalman filter that knows about picture edges.

Each axis of a box is one filter with three states, the middle, its speed and the size. Its two
measurements are the two sides of the detected box (middle - size/2 and middle + size/2), taken one
after the other, each a scalar update (Kalman 1960; sequential processing as in Bar-Shalom, Li and
Kirubarajan 2001, 7.4). A side that lies on the picture's edge is cut off there and says nothing about
where the body ends, so it is simply not measured. Time is real seconds between stamps; nothing here
assumes a frame rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from smartlogd.base.geometry import Box, Point

EDGE = 0.03
"""A side nearer to the picture's edge than this is cut off by it."""
_SIDE_SIGMA = 0.05
"""Standard deviation of a detected side, as a share of the body's size."""
_ACCELERATION_SIGMA = 1.6
"""How hard people change their pace: body sizes a second, a second."""
_GROWTH_SIGMA = 0.35
"""How fast a body's size on the picture wanders: shares of itself per root second."""
_FIRST_SPEED_SIGMA = 1.2
"""What is believed of the speed of someone just met: body sizes a second."""
_PACE_KEPT_S = 1.5
"""Someone unseen is believed to keep the pace for about this long."""
_SMALLEST = 0.004


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a body: `middle`, `speed` (fraction/s), `size`, and their covariance's upper triangle."""

    middle: float
    speed: float
    size: float
    mm: float
    mv: float
    ms: float
    vv: float
    vs: float
    ss: float

    @property
    def low(self) -> float:
        """The left or upper side."""
        return self.middle - self.size / 2

    @property
    def high(self) -> float:
        """The right or lower side."""
        return self.middle + self.size / 2


def begin(low: float, high: float, scale: float, *, cut: bool) -> Axis:
    """The belief after one look; `scale` is the body's size, `cut` whether the edge hides a part of it."""
    size = max(_SMALLEST, high - low)
    side = (_SIDE_SIGMA * scale) ** 2
    unsure = (scale if cut else 0.1 * scale) ** 2
    return Axis(
        (low + high) / 2, 0.0, size, side + unsure / 4, 0.0, 0.0, (_FIRST_SPEED_SIGMA * scale) ** 2, 0.0, side + unsure
    )


def ahead(axis: Axis, span_s: float, scale: float, *, seen: bool) -> Axis:
    """The belief `span_s` seconds later; someone unseen (`seen` false) is believed to slow down."""
    pace = 1.0 if seen else math.exp(-span_s / _PACE_KEPT_S)
    push = (_ACCELERATION_SIGMA * scale) ** 2
    square = span_s * span_s
    return Axis(
        middle=axis.middle + axis.speed * span_s * (1 + pace) / 2,
        speed=axis.speed * pace,
        size=axis.size,
        mm=axis.mm + 2 * span_s * axis.mv + square * axis.vv + push * square * square / 4,
        mv=axis.mv + span_s * axis.vv + push * square * span_s / 2,
        ms=axis.ms + span_s * axis.vs,
        vv=axis.vv + push * square,
        vs=axis.vs,
        ss=axis.ss + (_GROWTH_SIGMA * scale) ** 2 * span_s,
    )


def observe(axis: Axis, half: float, value: float, variance: float) -> Axis:
    """The belief after one side was seen at `value`; `half` is -0.5 for the low side, +0.5 for the high one."""
    to_m = axis.mm + half * axis.ms
    to_v = axis.mv + half * axis.vs
    to_s = axis.ms + half * axis.ss
    spread = to_m + half * to_s + variance
    surprise = (value - axis.middle - half * axis.size) / spread
    return Axis(
        middle=axis.middle + to_m * surprise,
        speed=axis.speed + to_v * surprise,
        size=max(_SMALLEST, axis.size + to_s * surprise),
        mm=axis.mm - to_m * to_m / spread,
        mv=axis.mv - to_m * to_v / spread,
        ms=axis.ms - to_m * to_s / spread,
        vv=axis.vv - to_v * to_v / spread,
        vs=axis.vs - to_v * to_s / spread,
        ss=axis.ss - to_s * to_s / spread,
    )


@dataclass(frozen=True, slots=True)
class Motion:
    """Where a body is and where it goes: two axes. The box may reach beyond the picture."""

    across: Axis
    down: Axis

    @property
    def box(self) -> Box:
        """The whole body as believed, also where the picture's edge hides it."""
        return Box(self.across.low, self.down.low, self.across.high, self.down.high)

    @property
    def velocity(self) -> Point:
        """Speed of the body's middle, fractions of the picture a second."""
        return Point(self.across.speed, self.down.speed)

    @property
    def spread(self) -> float:
        """How unsure the body's place is: one standard deviation, in fractions."""
        return math.sqrt(max(self.across.mm, self.down.mm))


def scale_of(box: Box) -> float:
    """One number for how big a body is: the mean of its box's sides."""
    return max(_SMALLEST, (box.width + box.height) / 2)


def met(box: Box) -> Motion:
    """The belief about someone seen for the first time."""
    seen = box.clipped()
    scale = scale_of(seen)
    cut_x = seen.x0 < EDGE or seen.x1 > 1 - EDGE
    cut_y = seen.y0 < EDGE or seen.y1 > 1 - EDGE
    return Motion(begin(seen.x0, seen.x1, scale, cut=cut_x), begin(seen.y0, seen.y1, scale, cut=cut_y))


def later(motion: Motion, span_s: float, *, seen: bool) -> Motion:
    """The belief `span_s` seconds on, before anything is seen."""
    scale = scale_of(motion.box)
    return Motion(ahead(motion.across, span_s, scale, seen=seen), ahead(motion.down, span_s, scale, seen=seen))


def corrected(motion: Motion, box: Box, doubt: float = 1.0) -> Motion:
    """The belief after `box` was seen; `doubt` multiplies the sides' standard deviation.

    Where the edge hides most of a body along one axis, what is left of it (legs at the picture's side)
    says little about the other axis either: the doubt grows with the hidden share.
    """
    seen = box.clipped()
    scale = scale_of(motion.box)
    doubt_x = doubt * _hidden(seen.height, motion.down.size, seen.y0, seen.y1)
    doubt_y = doubt * _hidden(seen.width, motion.across.size, seen.x0, seen.x1)
    return Motion(
        _axis_corrected(motion.across, seen.x0, seen.x1, scale, doubt_x),
        _axis_corrected(motion.down, seen.y0, seen.y1, scale, doubt_y),
    )


def _hidden(visible: float, whole: float, low: float, high: float) -> float:
    """How much more doubtful a body is of which the edge leaves `visible` out of `whole`: 1 to 8."""
    if low >= EDGE and high <= 1 - EDGE:
        return 1.0
    return min(8.0, max(1.0, whole / max(visible, _SMALLEST)))


def _axis_corrected(axis: Axis, low: float, high: float, scale: float, doubt: float) -> Axis:
    variance = (_SIDE_SIGMA * scale * doubt) ** 2
    cut_low, cut_high = low < EDGE, high > 1 - EDGE
    if cut_low and cut_high:
        # From edge to edge there is no side to go by: the body fills the picture and does not move along it.
        return begin(low, high, scale, cut=True)
    if not cut_low:
        axis = observe(axis, -0.5, low, variance)
    if not cut_high:
        axis = observe(axis, 0.5, high, variance)
    # A cut side is known to lie beyond the edge: a belief that ends inside the picture is stretched to it.
    if cut_low and axis.low > low:
        axis = replace(axis, middle=(low + axis.high) / 2, size=axis.high - low)
    if cut_high and axis.high < high:
        axis = replace(axis, middle=(axis.low + high) / 2, size=high - axis.low)
    return axis
