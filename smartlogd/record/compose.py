"""Happenings become events: the rows of the log in the making."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from smartlogd.base.known import Behaviour, Burst, Crossing, Event, Json, PersonId, SubjectId
from smartlogd.base.ports import Ids

_DIGITS = 4
"""Places kept of a fraction: a ten-thousandth is a fifth of a pixel at 1920, and 64-bit noise stays out of the log."""


def compose(
    happening: Crossing | Behaviour, subject: SubjectId, ids: Ids, device: str, person: PersonId | None = None
) -> Event:
    """The event that tells of `happening`, which befell `subject` (known as `person`) before the camera of `device`."""
    if isinstance(happening, Crossing):
        return replace(_crossing(happening, subject, ids, device), person=person)
    return replace(_behaviour(happening, subject, ids, device), person=person)


def heard(burst: Burst, ids: Ids, device: str) -> Event:
    """The event of what the microphone of `device` heard: how often, how surely, and seconds from its start when most.

    Nobody is its subject: a sound says what it is, and not whose.
    """
    data: Mapping[str, Json] = {
        "confidence": _rounded(burst.confidence),
        "count": burst.count,
        "peak_s": round(burst.peak.since(burst.start), 2),
    }
    return Event(ids.event(burst.what, None, burst.start), device, burst.what, burst.start, ended=burst.end, data=data)


def _crossing(crossing: Crossing, subject: SubjectId, ids: Ids, device: str) -> Event:
    """One passing of one line: `data` says which line, which way and where.

    The line's name goes into the id: one step can take someone over two lines in the same frame, and
    in replay both ids are derived from the track and the stamp.
    """
    data: Mapping[str, Json] = {
        "line": crossing.line,
        "action": crossing.action.value,
        "track": int(crossing.track),
        "confidence": _rounded(crossing.confidence),
        "x": _rounded(crossing.where.x),
        "y": _rounded(crossing.where.y),
    }
    name = f"crossing:{crossing.line}:{crossing.action.value}"
    event_id = ids.event(name, crossing.track, crossing.stamp)
    return Event(event_id, device, "crossing", crossing.stamp, subject, data=data)


def _behaviour(behaviour: Behaviour, subject: SubjectId, ids: Ids, device: str) -> Event:
    """Something a track did: the event's type is the behaviour's own word."""
    own: Mapping[str, Json] = {"track": int(behaviour.track), "confidence": _rounded(behaviour.confidence)}
    data = {**behaviour.data, **own}
    event_id = ids.event(behaviour.what, behaviour.track, behaviour.start)
    return Event(event_id, device, behaviour.what, behaviour.start, subject, ended=behaviour.end, data=data)


def _rounded(fraction: float) -> float:
    """A fraction as the log keeps it; float() because a numpy number is no JSON."""
    return round(float(fraction), _DIGITS)
