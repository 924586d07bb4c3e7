"""What outlives a frame: tracks, crossings, behaviours, events."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType, TypeAlias
from uuid import UUID

from smartlogd.base.geometry import Box, Point, Segment
from smartlogd.base.seen import Detection, Kind
from smartlogd.base.time import Stamp

TrackId = NewType("TrackId", int)
"""Counts up from 1 within one run of the pipeline and is never given twice."""
SubjectId = NewType("SubjectId", UUID)
"""Who was seen, before and apart from any name: the `uuid` of the log."""
PersonId = NewType("PersonId", UUID)
"""A known person, the same on every device: `users.uid`."""
EventId = NewType("EventId", UUID)
"""Minted once, when the event is composed; sending an event twice is harmless because of it."""

Json: TypeAlias = "str | int | float | bool | None | list[Json] | Mapping[str, Json]"


class Action(enum.Enum):
    """Which way a line was passed: IN towards its inside, OUT the other way."""

    IN = "I"
    OUT = "O"


class Side(enum.Enum):
    """Which side of a line, as the picture shows it, is its inside."""

    LEFT = "left"
    RIGHT = "right"
    ABOVE = "above"
    BELOW = "below"


class Anchor(enum.Enum):
    """Which point of a body passes a line: the middle of its box, or its feet."""

    CENTRE = "centre"
    FEET = "feet"


class Phase(enum.Enum):
    """Where a track stands in its life."""

    TENTATIVE = "tentative"
    """Seen, but not often enough to be believed."""
    CONFIRMED = "confirmed"
    """Believed and seen in the newest frame."""
    LOST = "lost"
    """Believed, not seen just now, still predicted: behind a pillar, or missed."""
    ENDED = "ended"
    """Gone for good; its id is never used again."""


@dataclass(frozen=True, slots=True)
class CrossingLine:
    """A named line on the picture that people pass.

    `inside` says which side is IN; `band` is the half-width of the unsure zone around the line, in
    fractions; `counts` the directions that are logged (SmartLog's pair of lines counts one each).
    """

    name: str
    segment: Segment
    inside: Side
    anchor: Anchor = Anchor.CENTRE
    band: float = 0.02
    counts: frozenset[Action] = frozenset(Action)


@dataclass(frozen=True, slots=True)
class Track:
    """One being followed over time, as others may see it.

    `box` is where it is believed to be now, `velocity` (of the box's middle) is in fractions of the
    picture a second, `hits` how often it was seen, `first` and `last` when. `detection` is the body's
    newest detection and `face` the newest face seen with it, None when the newest frame showed none.
    `stretch` counts its unambiguous stretches from 1: after an occlusion, or when it could have been taken
    for another, a new one begins. It `is_doubtful` while it still could.
    """

    id: TrackId
    kind: Kind
    box: Box
    velocity: Point
    score: float
    hits: int
    first: Stamp
    last: Stamp
    phase: Phase
    detection: Detection | None = None
    face: Detection | None = None
    stretch: int = 1
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Crossing:
    """One passing of one line: `where` and at which `stamp` the anchor met the line."""

    line: str
    action: Action
    track: TrackId
    stamp: Stamp
    where: Point
    confidence: float


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Something a track did: `what` is an event type of the data model (person_entered, sit, ...)."""

    what: str
    track: TrackId
    start: Stamp
    end: Stamp | None
    confidence: float


Happening: TypeAlias = Crossing | Behaviour


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the log in the making.

    `type` is one of the data model's event types; `data` is the one mapping that crosses rooms, plain
    JSON values. `subject` is who it happened to, where it happened to someone, and `person` who that was
    known to be just then. A crossing's `data` has `line`, `action` ("I"/"O"), `track`, `confidence`, `x`, `y`.
    """

    id: EventId
    device: str
    type: str
    stamp: Stamp
    subject: SubjectId | None = None
    person: PersonId | None = None
    ended: Stamp | None = None
    data: Mapping[str, Json] = field(default_factory=dict)
