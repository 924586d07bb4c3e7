"""How a device fares, as everyone who asks is told it: the heartbeat, and events that are told to others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from smartlogd.base.known import Json
from smartlogd.base.time import Stamp


@dataclass(frozen=True, slots=True)
class Body:
    """The machine: what its sensors and counters say. None where it has no such sensor.

    `throttled` names what the machine does or did to protect itself: under-voltage, frequency-capped, throttled,
    soft-temperature-limit, each with "-before" appended where it only happened earlier since it was switched on.
    `written_bytes_day` is how much this process would write in a day, by what it wrote so far.
    """

    temperature_c: float | None = None
    throttled: tuple[str, ...] = ()
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    memory_bytes: int | None = None
    written_bytes: int | None = None
    written_bytes_day: int | None = None


@dataclass(frozen=True, slots=True)
class LineToday:
    """How often a line was passed since midnight, by the device's own time zone; `is_gone` where no setting has it."""

    name: str
    entered: int
    left: int
    is_counting: bool = True
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class LastCrossing:
    """The newest passing in the log; `person` is the name of whoever is known, None for a stranger."""

    event_id: str
    line: str
    action: str
    at: dt.datetime
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for the centre; `rows` is None where there is none."""

    word: str = "off"
    rows: int | None = None
    oldest_s: float | None = None
    dead_letters: int | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How the device fares at one instant. Spans in seconds, sizes in bytes, rates in frames a second."""

    device: str
    version: str
    boot_id: str
    at: Stamp
    uptime_s: float
    state: str
    """starting, running or stopping."""
    camera: str
    """The camera's name; shows no password."""
    camera_status: str
    """opening, running, lost, absent, paused or ended."""
    fps: float
    inference_p50_ms: float | None
    inference_p95_ms: float | None
    frame_age_s: float | None
    frames: int
    dropped: int
    events: int
    people: int
    lines: tuple[LineToday, ...]
    last_crossing: LastCrossing | None
    waiting: Backlog
    journal: str
    """In a word, how the log fares: ok, disk full, read-only, damaged."""
    body: Body
    pace: float = 1.0
    """The share of the frame rate that is used: less than 1 while the device is hot."""
    rung: str = ""
    """The rung of the ladder that healing has climbed to; empty while all is well."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Versions of the models in use, by name."""
    troubles: tuple[str, ...] = ()
    """Parts that do not run, each with the sentence why."""

    @property
    def entered(self) -> int:
        """Passings inwards today, over all lines."""
        return sum(line.entered for line in self.lines)

    @property
    def left(self) -> int:
        """Passings outwards today, over all lines."""
        return sum(line.left for line in self.lines)


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the log as it is told to others, with its place `seq` in the order in which it was written.

    `person` is the name of whoever is known, `subject` the uuid of who was seen; neither holds anything of a face.
    """

    seq: int
    event_id: str
    type: str
    at: dt.datetime
    is_trusted: bool
    subject: str | None = None
    person: str | None = None
    ended: dt.datetime | None = None
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """Something that was asked of this device from outside, checked: `what`, and with which `arguments`."""

    what: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
