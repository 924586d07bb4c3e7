"""How somebody holds themselves: sitting, standing or lying, as far as one look at them can say (pure).

Of a person the 33 points of the body tell it: which way the trunk points, and how the thighs go on from it, in space
and on the picture. Directions are measured against the plumb line of a camera that looks down a little (`_PITCH`), as
they mostly do.

- Lying is a trunk that lies: 45 degrees from the plumb line is not at all, 60 surely. But not over upright thighs at a
  right angle to it, which is bending, or going on all fours.
- Standing is an upright trunk on at least one leg that goes on from it (115 to 145 degrees at the hip) and down (60 to
  35 degrees from the plumb line).
- Sitting is an upright trunk on none. Without a knee to be seen on the picture, only a trunk that lies flat is told.

Of 367 answers on the 406 photographs and frames of falls that these numbers were found on, 0.93 were right, in either
half of them. Much of what is left are people who lie with their head up on the picture, which from above looks like
standing. A linear model fitted to fifteen angles and lengths of the same bodies did no better.

Of a dog there are no points, only its box, so an answer is never sure: half sure at best.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from smartlogd.base.geometry import Point
from smartlogd.base.seen import Detection, Keypoint, Kind

What: TypeAlias = Literal["sit", "stand", "lie"]
Vector: TypeAlias = tuple[float, ...]

_WORDS: Mapping[str, What] = {"sit": "sit", "stand": "stand", "lie": "lie"}
_SEEN, _KNEE_SEEN = 0.5, 0.4
"""Shoulders and hips, and knees, are used when they are seen at least this surely."""
_OUTSIDE = 0.02
"""A knee this far out of the picture, as a fraction of it, is guessed and not seen."""
_PITCH = math.radians(10)
_UP: Vector = (0.0, -math.cos(_PITCH), -math.sin(_PITCH))
_DOWN: Vector = (0.0, math.cos(_PITCH), math.sin(_PITCH))
_PICTURE_DOWN: Vector = (0.0, 1.0)
_PICTURE_SHARE = 0.3
"""How much an angle on the picture counts beside the same in space, which the model only guesses from the picture."""
_LEAST = 0.5
"""A posture that scores less is not told."""

_LONG, _SLIM = 1.25, 0.75
"""A dog's box is long where its width is this many times its height, and slim where it is less than so many times."""
_LOW = 0.7
"""A dog that is not this share as high as it stood is down."""
_DOG_SURE, _DOG_UNSURE = 0.5, 0.35
_AWAY = 0.35
"""A dog whose feet are further than this from where they were, in its heights, has gone, and so has stood."""


@dataclass(frozen=True, slots=True)
class Posed:
    """A posture, and how surely it is held: 0 to 1."""

    what: What
    confidence: float


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a dog was when it last went somewhere, and where its feet are since; lengths are fractions."""

    height: float
    width: float
    foot: Point
    goes: bool


@dataclass(frozen=True, slots=True)
class _Joint:
    """The middle of a left and a right joint, or one of them: in space, on the picture, and how clearly it is seen."""

    space: Vector
    picture: Vector
    seen: float


def posture(body: Detection, aspect: float, shape: Shape | None = None) -> Posed | None:
    """Which posture this one look shows; None where it cannot be told.

    `aspect` is the picture's width divided by its height, in pixels; `shape` what the looks before this one left
    (see `shaped`), which only dogs need. The word of the registry's `action` model, where there is one, goes before
    all else.
    """
    if body.guess is not None:
        what = _WORDS.get(body.guess.what)
        return Posed(what, body.guess.confidence) if what else None
    if body.kind is Kind.PERSON:
        return _of_person(body, aspect)
    return _of_dog(body, aspect, shape) if body.kind is Kind.DOG else None


def shaped(shape: Shape | None, body: Detection) -> Shape:
    """The shape after one more look."""
    box = body.box
    if shape is None:
        return Shape(box.height, box.width, box.foot, goes=False)
    if box.foot.distance(shape.foot) > _AWAY * box.height:
        return Shape(box.height, box.width, box.foot, goes=True)
    return Shape(shape.height, shape.width, shape.foot, goes=False)


def _of_person(body: Detection, aspect: float) -> Posed | None:
    shoulder = _joint(body, ("left_shoulder", "right_shoulder"), aspect, _SEEN)
    hip = _joint(body, ("left_hip", "right_hip"), aspect, _SEEN)
    if shoulder is None or hip is None or shoulder.space == hip.space:
        return None
    lying = _between(_angle(_way(hip.space, shoulder.space), _UP), 45, 60)
    seen = min(shoulder.seen, hip.seen)
    knees = [
        knee for side in ("left", "right") if (knee := _joint(body, (f"{side}_knee",), aspect, _KNEE_SEEN)) is not None
    ]
    if not knees:
        flat = _between(_angle(_way(hip.space, shoulder.space), _UP), 60, 75)
        return _surest({"lie": flat}, seen)
    legs = [_leg(shoulder, hip, knee) for knee in knees]
    on_a_leg = max(_between(bend, 115, 145) * (1 - _between(slant, 35, 60)) for bend, slant in legs)
    bent_over = (1 - _between(max(bend for bend, _ in legs), 90, 110)) * (1 - _between(_steepest(hip, knees), 25, 45))
    scores: dict[What, float] = {
        "lie": lying * (1 - bent_over),
        "stand": (1 - lying) * on_a_leg,
        "sit": (1 - lying) * (1 - on_a_leg),
    }
    return _surest(scores, min(seen, max(knee.seen for knee in knees)))


def _leg(shoulder: _Joint, hip: _Joint, knee: _Joint) -> tuple[float, float]:
    """The angle at the hip between trunk and thigh, and that of the thigh and the plumb line, in degrees."""
    bend = _angle(_way(hip.space, shoulder.space), _way(hip.space, knee.space))
    bend_seen = _angle(_way(hip.picture, shoulder.picture), _way(hip.picture, knee.picture))
    slant = _angle(_way(hip.space, knee.space), _DOWN)
    slant_seen = _angle(_way(hip.picture, knee.picture), _PICTURE_DOWN)
    return _blend(bend, bend_seen), _blend(slant, slant_seen)


def _steepest(hip: _Joint, knees: list[_Joint]) -> float:
    """The smallest angle of a thigh and the plumb line, in space."""
    return min(_angle(_way(hip.space, knee.space), _DOWN) for knee in knees)


def _surest(scores: Mapping[What, float], seen: float) -> Posed | None:
    """The posture that scores best, if it does well enough; believed as far as its points are seen."""
    what = max(scores, key=lambda one: scores[one])
    return Posed(what, scores[what] * seen) if scores[what] >= _LEAST else None


def _joint(body: Detection, names: tuple[str, ...], aspect: float, least: float) -> _Joint | None:
    """The middle of those of these points that are seen; None where none is."""
    seen = [point for name in names if (point := body.keypoint(name)) is not None and _is_seen(point, least)]
    worlds = [point.world for point in seen if point.world is not None]
    if not worlds:
        return None
    return _Joint(
        tuple(sum(axis) / len(worlds) for axis in zip(*worlds, strict=True)),
        (sum(each.point.x for each in seen) / len(seen) * aspect, sum(each.point.y for each in seen) / len(seen)),
        max(each.visibility for each in seen),
    )


def _is_seen(point: Keypoint, least: float) -> bool:
    """Whether it is clear enough, and where it is a knee, on the picture."""
    if point.visibility < least or point.world is None:
        return False
    on_picture = all(-_OUTSIDE <= side <= 1 + _OUTSIDE for side in (point.point.x, point.point.y))
    return on_picture or not point.name.endswith("knee")


def _of_dog(body: Detection, aspect: float, shape: Shape | None) -> Posed | None:
    """By its box alone, and by how large that was when it last went somewhere.

    What goes stands. What has grown low since lies, if it is no narrower by as much, which would be going away. What
    is slim sits, or stands towards the camera: that is why it is never sure. What is long stands, if it is not low.
    """
    box = body.box
    if box.height <= 0:
        return None
    form = box.width * aspect / box.height
    if shape is not None and shape.goes:
        return Posed("stand", _DOG_SURE)
    if shape is not None and box.height < _LOW * shape.height:
        return Posed("lie", _DOG_SURE) if box.width > box.height / shape.height * shape.width else None
    if form <= _SLIM:
        return Posed("sit", _DOG_UNSURE)
    return Posed("stand", _DOG_UNSURE) if _LONG <= form < 2 * _LONG else None


def _way(start: Vector, end: Vector) -> Vector:
    return tuple(to - of for of, to in zip(start, end, strict=True))


def _angle(one: Vector, other: Vector) -> float:
    """The angle between two directions, in degrees; 0 where one of them is none.

    >>> round(_angle((0.0, -2.0), (3.0, 0.0)))
    90
    """
    lengths = math.hypot(*one) * math.hypot(*other)
    if lengths == 0:
        return 0.0
    cosine = sum(a * b for a, b in zip(one, other, strict=True)) / lengths
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _blend(space: float, picture: float) -> float:
    return (1 - _PICTURE_SHARE) * space + _PICTURE_SHARE * picture


def _between(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, straight between them.

    >>> _between(50, 45, 60), _between(70, 45, 60)
    (0.3333333333333333, 1.0)
    """
    return max(0.0, min(1.0, (value - low) / (high - low)))
