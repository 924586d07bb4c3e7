"""What outlives a frame: tracks, crossings, behaviours, events."""

from __future__ import annotations

import datetime as dt
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


class ZoneKind(enum.Enum):
    """What a zone of the picture is for."""

    BOWL_FOOD = "bowl_food"
    BOWL_WATER = "bowl_water"
    BED = "bed"
    DOOR = "door"


@dataclass(frozen=True, slots=True)
class Zone:
    """A named part of the picture: a polygon of three points or more, in fractions, without crossing itself."""

    name: str
    kind: ZoneKind
    polygon: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Something a track did: `what` is an event type of the data model (person_entered, sit, ...).

    What takes time is told twice, with the same `what`, `track` and `start`: without an `end` when it is sure that
    it began, and with it when it is over. What is over when it is sure is told once, with its `end`.
    `data` is what else the event says of it, such as the zone.
    """

    what: str
    track: TrackId
    start: Stamp
    end: Stamp | None
    confidence: float
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Burst:
    """Something that was heard, once, however often it was repeated: a bark, a howl, a whine, speech, an alarm, glass.

    `count` is how often within the burst, `peak` when it was surest, `confidence` how sure then (0..1).
    """

    what: str
    start: Stamp
    end: Stamp
    peak: Stamp
    count: int
    confidence: float


Happening: TypeAlias = Crossing | Behaviour | Burst


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


class Medium(enum.Enum):
    """What a recording is; its event is `clip_saved` or `snapshot_saved`."""

    CLIP = "clip"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Recording:
    """A clip or a snapshot: planned before its file is written, and known more exactly once it is there.

    `id` is that of the event of its being saved, by which it is known everywhere. `start` is the stamp of its first
    frame (planned: as asked for), `duration_s` 0 for a snapshot. `cause` is the event that it shows, None where a
    person asked for it. `suffix` is that of its file (".mp4", ".jpg"), which is called by its id.
    """

    id: EventId
    medium: Medium
    start: Stamp
    duration_s: float
    suffix: str
    labels: tuple[str, ...] = ()
    note: str | None = None
    cause: EventId | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """A recording's file, whole and on the disk: where it lies in the state folder, its size and its hash.

    `start` is the stamp of the first frame that it really holds, `duration_s` how long it lasts. `preview` is where a
    still of it lies, None where there is none. `moments` are the events that it shows, each with its place in it, in
    milliseconds from its first frame: their `video_ts_ms`, where they have none yet. `labels` are those that it has by
    now: what happens while it is being recorded adds to those that were planned; empty where nothing was added.
    """

    path: str
    bytes: int
    sha256: str
    start: Stamp
    duration_s: float
    preview: str | None = None
    moments: Mapping[EventId, int] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording whose file lies here, whole, and is not in the object store yet.

    `path` and `preview` are places in the state folder, `bytes` and `sha256` (hexadecimal) those of the file.
    """

    id: EventId
    start: dt.datetime
    path: str
    bytes: int
    sha256: str
    preview: str | None = None
