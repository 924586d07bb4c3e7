"""What tracks do, beyond passing a line: that someone is there, and for how long.

State is handed in and handed back, as in the scene. Whatever is begun is ended: when it is over, when its track is
gone, or when nobody looks any more (`behave` without tracks).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from smartlogd.base.known import Behaviour, Phase, Track, TrackId, Zone
from smartlogd.base.seen import Kind
from smartlogd.base.time import Stamp
from smartlogd.base.who import Who
from smartlogd.movement.rules import BehaviourRules

PERSON_ENTERED = "person_entered"
DOG_DETECTED = "dog_detected"

_APPEARS = {Kind.PERSON: PERSON_ENTERED, Kind.DOG: DOG_DETECTED}


@dataclass(frozen=True, slots=True)
class _Stay:
    """Someone's being there: what was told of it, and when they were seen last."""

    told: Behaviour
    last: Stamp


@dataclass(frozen=True, slots=True)
class Conduct:
    """What everybody is doing, as of the newest frame."""

    stays: Mapping[TrackId, _Stay] = field(default_factory=lambda: MappingProxyType({}))


def behave(
    conduct: Conduct,
    tracks: Sequence[Track],
    stamp: Stamp,
    zones: Sequence[Zone],
    rules: BehaviourRules,
    *,
    aspect: float,
    whom: Mapping[TrackId, Who] = MappingProxyType({}),
) -> tuple[Conduct, tuple[Behaviour, ...]]:
    """The conduct one frame on, and what began or ended in it, ends first. Pure.

    `tracks` are all living ones, `aspect` is the picture's width divided by its height, in pixels.
    """
    there = {track.id: track for track in tracks}
    ended = tuple(_ended(stay) for id_, stay in conduct.stays.items() if id_ not in there)
    stays = {id_: _Stay(stay.told, there[id_].last) for id_, stay in conduct.stays.items() if id_ in there}
    begun = tuple(told for track in tracks if track.id not in stays and (told := _appearance(track)) is not None)
    stays |= {told.track: _Stay(told, there[told.track].last) for told in begun}
    return Conduct(MappingProxyType(stays)), (*ended, *begun)


def _appearance(track: Track) -> Behaviour | None:
    """`person_entered` (or `dog_detected`) in the frame in which a track is first believed."""
    what = _APPEARS.get(track.kind)
    if track.phase is not Phase.CONFIRMED or what is None:
        return None
    return Behaviour(what, track.id, track.first, None, track.score)


def _ended(stay: _Stay) -> Behaviour:
    told = stay.told
    return Behaviour(told.what, told.track, told.start, stay.last, told.confidence, told.data)
