"""How somebody holds themselves: sitting, standing or lying, as far as one look at them can say (pure).

Of a person the 33 points of the body tell it: which way the trunk points, and how the thighs and shanks go on from it,
on the picture and in space. What decides is seldom seen whole, so each posture is given a score that falls off softly
round its bounds, and nothing is said where no posture is likely enough, or two are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from smartlogd.base.geometry import Box
from smartlogd.base.seen import Detection, Kind

What: TypeAlias = Literal["sit", "stand", "lie"]
Vector: TypeAlias = tuple[float, float, float]

_WORDS: dict[str, What] = {"sit": "sit", "stand": "stand", "lie": "lie"}
_SEEN = 0.5
"""A point is used when it is seen at least this surely."""
_LEAST = 0.4
"""A posture that scores less is not told."""


@dataclass(frozen=True, slots=True)
class Posed:
    """A posture, and how surely it is held: 0 to 1."""

    what: What
    confidence: float


@dataclass(frozen=True, slots=True)
class Shape:
    """What a track's boxes were like until now, of a being without points; see `shaped`."""

    height: float
    """How high it stands, as a fraction of the picture."""


def posture(body: Detection, aspect: float, shape: Shape | None = None) -> Posed | None:
    """Which posture this one look shows; None where it cannot be told.

    `aspect` is the picture's width divided by its height, in pixels; `shape` what was seen of the same being before,
    which only dogs need. The word of the registry's `action` model, where there is one, goes before all else.
    """
    if body.guess is not None:
        what = _WORDS.get(body.guess.what)
        return Posed(what, body.guess.confidence) if what else None
    if body.kind is Kind.PERSON:
        return _of_person(body, aspect)
    return None


def _of_person(body: Detection, aspect: float) -> Posed | None:
    hip, shoulder = _middle(body, "hip", aspect), _middle(body, "shoulder", aspect)
    if hip is None or shoulder is None:
        return None
    tilt = _tilt(_to(hip, shoulder), up=True)
    lying = _rise(tilt, 50, 70)
    knee = _middle(body, "knee", aspect)
    if knee is None:
        return _told({"lie": lying})
    bent = _angle(_to(hip, shoulder), _to(hip, knee))
    down = _tilt(_to(hip, knee), up=False)
    upright = 1 - lying
    return _told(
        {
            "lie": lying,
            "stand": upright * _rise(bent, 115, 145) * (1 - _rise(down, 35, 55)),
            "sit": upright * max(1 - _rise(bent, 115, 145), _rise(down, 35, 55)),
        }
    )


def _told(scores: dict[What, float]) -> Posed | None:
    what = max(scores, key=lambda one: scores[one])
    return Posed(what, scores[what]) if scores[what] >= _LEAST else None


def _middle(body: Detection, joint: str, aspect: float) -> Vector | None:
    """The middle of the left and right joint in space, of those that are seen; metres."""
    seen = [
        point.world
        for side in ("left", "right")
        if (point := body.keypoint(f"{side}_{joint}")) and point.visibility >= _SEEN and point.world
    ]
    if not seen:
        return None
    x, y, z = (sum(axis) / len(seen) for axis in zip(*seen, strict=True))
    return x, y, z


def _to(one: Vector, other: Vector) -> Vector:
    return other[0] - one[0], other[1] - one[1], other[2] - one[2]


def _tilt(along: Vector, *, up: bool) -> float:
    """The angle between a direction and the picture's vertical, in degrees; `up` measures it from above."""
    return _angle(along, (0.0, -1.0 if up else 1.0, 0.0))


def _angle(one: Vector, other: Vector) -> float:
    """The angle between two directions, in degrees; 0 where one of them is none."""
    lengths = math.hypot(*one) * math.hypot(*other)
    if lengths == 0:
        return 0.0
    return math.degrees(math.acos(max(-1.0, min(1.0, sum(a * b for a, b in zip(one, other, strict=True)) / lengths))))


def _rise(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, straight between them."""
    return max(0.0, min(1.0, (value - low) / (high - low)))


def shaped(shape: Shape | None, body: Detection) -> Shape:
    """The shape of a track after one more look at it."""
    box: Box = body.box
    return Shape(max(box.height, 0.98 * shape.height)) if shape else Shape(box.height)
