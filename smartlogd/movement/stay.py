"""That someone is there: from when they were first seen to when they were last seen (pure).

A gap of more than `gap_s` (5 s) ends a stay, and who is seen again on the same track comes anew. A stay is of one
track: who comes back on another one is told as having come again, and whoever adds up the time closes the gap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from smartlogd.base.known import Behaviour, Phase, Track
from smartlogd.base.seen import Kind
from smartlogd.base.time import Stamp

PERSON_ENTERED = "person_entered"
DOG_DETECTED = "dog_detected"

_APPEARS = {Kind.PERSON: PERSON_ENTERED, Kind.DOG: DOG_DETECTED}


@dataclass(frozen=True, slots=True)
class Stay:
    """Someone's being there: what was told of it, and when they were seen last. `told` is None of who is away."""

    told: Behaviour | None
    last: Stamp


def is_somebody(track: Track) -> bool:
    """Whether a track is of a person or a dog, and believed."""
    return track.kind in _APPEARS and track.phase in {Phase.CONFIRMED, Phase.LOST}


def stayed(stay: Stay | None, track: Track, stamp: Stamp, gap_s: float) -> tuple[Stay | None, tuple[Behaviour, ...]]:
    """The stay one frame on, and what that tells; None of who was not believed in any frame yet."""
    if stay is None:
        return _came(track, track.first) if track.phase is Phase.CONFIRMED else (None, ())
    ended: tuple[Behaviour, ...] = ()
    if stay.told is not None and stamp.since(stay.last) > gap_s:
        ended = left(stay)
        stay = Stay(None, stay.last)
    if stay.told is not None:
        return Stay(stay.told, track.last), ended
    if track.phase is not Phase.CONFIRMED:
        return stay, ended
    again, begun = _came(track, track.last)
    return again, (*ended, *begun)


def _came(track: Track, start: Stamp) -> tuple[Stay, tuple[Behaviour, ...]]:
    told = Behaviour(_APPEARS[track.kind], track.id, start, None, track.score)
    return Stay(told, track.last), (told,)


def left(stay: Stay | None) -> tuple[Behaviour, ...]:
    """The end of the stay; nothing of one that has ended, or never began."""
    if stay is None or stay.told is None:
        return ()
    return (replace(stay.told, end=stay.last),)
