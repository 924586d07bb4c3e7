"""An Event as the rows that keep it. Pure: what comes in is checked here, before anyone relies on it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from smartlogd.base.errors import UnusableInput
from smartlogd.base.known import Action, Event, EventId, Json
from smartlogd.base.time import Stamp
from smartlogd.base.who import Recognition
from smartlogd.schema.instants import micros

Value: TypeAlias = str | int | float | None
Row: TypeAlias = tuple[Value, ...]

CROSSING = "crossing"
LARGEST_DATA_BYTES = 64 * 1024
_ACTIONS = frozenset(action.value for action in Action)

EVENT_COLUMNS = (
    "user_id", "type", "ts", "data", "event_id", "device_id", "subject_uuid", "person", "ended_at", "boot_id",
    "mono_us", "clock_trusted",
)  # fmt: skip
"""`person` is a `users.uid`; the row itself gets that person's local id."""
SMARTLOG_COLUMNS = (
    "uuid", "action", "timestamp", "event_id", "device_id", "line", "confidence", "track_id", "boot_id", "mono_us",
    "clock_trusted",
)  # fmt: skip
_TYPE, _DATA, _SUBJECT = (EVENT_COLUMNS.index(name) for name in ("type", "data", "subject_uuid"))
_PASSED, _TRACK = (SMARTLOG_COLUMNS.index(name) for name in ("event_id", "track_id"))
SUBJECT_COLUMNS = ("uuid", "has_face", "ignored", "first_seen", "last_seen")


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose rows they are: the device (by name and by its local id), its owner, and this start of the daemon."""

    device: str
    device_id: int
    owner_id: int
    boot_id: str


class EventRows(NamedTuple):
    """The rows of one event: one in `events`; a crossing has one in `smartlog`; a subject is noted as seen.

    A tuple, for it is made once an event: a frozen dataclass takes three times as long to make.
    """

    event: Row
    passing: Row | None
    subject: str | None
    at_us: int


class End(NamedTuple):
    """That an event is over: when, by both clocks, in which start of the daemon, and what else is known (JSON text)."""

    event: str
    at_us: int
    mono_us: int
    boot_id: str
    data: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one transaction, by table, in the order of their columns above, what was learnt of faces, and ends.

    What ends in it was begun in it, or before it.
    """

    events: list[Row]
    passings: list[Row]
    subjects: list[Row]
    learnt: list[Recognition] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)


def rows_of(event: Event, origin: Origin) -> EventRows:
    """The rows of `event`; UnusableInput where it cannot be kept as it is (naive time, no JSON, another device)."""
    if event.device != origin.device:
        raise UnusableInput(f"An event of {event.device!r} was given to the journal of {origin.device!r}.")
    at_us, ended_us = _micros(event)
    event_id, subject = str(event.id), None if event.subject is None else str(event.subject)
    person = None if event.person is None else str(event.person)
    stamp = (origin.boot_id, event.stamp.mono_ns // 1000, int(event.stamp.trusted))
    data = written(event.data, f"an event of type {event.type!r}")
    row = (origin.owner_id, event.type, at_us, data, event_id, origin.device_id, subject, person, ended_us, *stamp)
    passing: Row | None = None
    if event.type == CROSSING:
        line, action, confidence, track = _crossing(event, subject)
        passing = (subject, action, at_us, event_id, origin.device_id, line, confidence, track, *stamp)
    return EventRows(row, passing, subject, at_us)


def end_of(event: EventId, at: Stamp, data: Mapping[str, Json], origin: Origin) -> End:
    """The end of an event; UnusableInput where it cannot be kept as it is (naive time, no JSON, too large)."""
    try:
        at_us = micros(at.utc)
    except ValueError as error:
        raise UnusableInput(f"The end of an event cannot be kept: {error}") from error
    return End(str(event), at_us, at.mono_ns // 1000, origin.boot_id, written(data, "the end of an event"))


def batch_of(group: Iterable[EventRows], learnt: Iterable[Recognition] = (), ends: Iterable[End] = ()) -> Batch:
    """Several events' rows by table; a subject that occurs more than once is noted once, first to last.

    What was learnt comes after all rows of its transaction: it says who they are, whichever came first.
    """
    events: list[Row] = []
    passings: list[Row] = []
    seen: dict[str, tuple[int, int]] = {}
    for rows in group:
        events.append(rows.event)
        if rows.passing is not None:
            passings.append(rows.passing)
        if rows.subject is not None:
            first, last = seen.get(rows.subject, (rows.at_us, rows.at_us))
            seen[rows.subject] = min(first, rows.at_us), max(last, rows.at_us)
    subjects: list[Row] = [(uuid, 0, 0, first, last) for uuid, (first, last) in seen.items()]
    return Batch(events, passings, subjects, list(learnt), list(ends))


def stripped(batch: Batch, gone: Collection[str]) -> Batch:
    """The batch without what tells of these subjects, who were forgotten while they were still being seen.

    As `forget.py` leaves rows that were there before: what happened stays, and was nobody's.
    """
    return replace(
        batch,
        events=[_of_nobody(row) if row[_SUBJECT] in gone else row for row in batch.events],
        passings=[
            (row[_PASSED], *row[1:_TRACK], None, *row[_TRACK + 1 :]) if row[0] in gone else row
            for row in batch.passings
        ],
        subjects=[row for row in batch.subjects if row[0] not in gone],
    )


def _of_nobody(row: Row) -> Row:
    data = {} if row[_TYPE] == "face_seen" else json.loads(str(row[_DATA]))
    data.pop("track", None)
    return (*row[:_DATA], _encode(data), *row[_DATA + 1 : _SUBJECT], None, None, *row[_SUBJECT + 2 :])


def _micros(event: Event) -> tuple[int, int | None]:
    """When it happened and when it was over: so much later by the monotonic clock, should the other have been set."""
    try:
        at_us = micros(event.stamp.utc)
        if event.ended is None:
            return at_us, None
        micros(event.ended.utc)
        return at_us, at_us + max(0, event.ended.mono_ns // 1000 - event.stamp.mono_ns // 1000)
    except ValueError as error:
        raise UnusableInput(f"An event of type {event.type!r} cannot be kept: {error}") from error


def written(data: Mapping[str, Json], of: str) -> str:
    """Data as strict JSON: NaN and infinity are no JSON, and PostgreSQL would refuse them later.

    UnusableInput, which says whose data it is, where it is none, or too large.
    """
    try:
        text = _encode(data if type(data) is dict else dict(data))
    except (TypeError, ValueError) as error:
        raise UnusableInput(f"The data of {of} is no JSON: {error}") from error
    if len(text) > LARGEST_DATA_BYTES:
        raise UnusableInput(f"The data of {of} is larger than {LARGEST_DATA_BYTES} bytes.")
    return text


def _plain(value: object) -> object:
    """Mappings that are no dict, inside the data."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


_encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_plain).encode


def _crossing(event: Event, subject: str | None) -> tuple[str, str, float, int]:
    """Line, action, confidence and track of a crossing, each of its type."""
    told = event.data.get
    line, action, confidence, track = told("line"), told("action"), told("confidence"), told("track")
    if subject is None or not isinstance(line, str) or action not in _ACTIONS or not isinstance(action, str):
        raise UnusableInput(f"A crossing needs a subject, a line and an action I or O; this one has {event.data!r}.")
    if not isinstance(confidence, int | float) or not 0 <= confidence <= 1 or not isinstance(track, int):
        raise UnusableInput(f"A crossing needs a confidence 0..1 and a track; this one has {event.data!r}.")
    return line, action, float(confidence), track
