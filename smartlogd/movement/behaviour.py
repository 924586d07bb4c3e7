"""What a track did, beyond passing a line: here, that a person is there at all."""

from __future__ import annotations

from smartlogd.base.known import Behaviour, Phase, Track
from smartlogd.base.seen import Kind

PERSON_ENTERED = "person_entered"
DOG_DETECTED = "dog_detected"

_APPEARS = {Kind.PERSON: PERSON_ENTERED, Kind.DOG: DOG_DETECTED}


def appearance(before: Phase | None, track: Track) -> Behaviour | None:
    """`person_entered` (or `dog_detected`) in the frame in which a track is first believed."""
    was_believed = before in {Phase.CONFIRMED, Phase.LOST}
    what = _APPEARS.get(track.kind)
    if was_believed or track.phase is not Phase.CONFIRMED or what is None:
        return None
    return Behaviour(what, track.id, track.first, None, track.score)
