"""Ids that are minted once: UUIDv7 live, derived from the footage in replay."""

from __future__ import annotations

import secrets
from uuid import NAMESPACE_URL, UUID, uuid5

from smartlogd.base.known import EventId, SubjectId, TrackId
from smartlogd.base.time import Stamp


def uuid7(stamp: Stamp) -> UUID:
    """A UUID version 7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 random bits.

    The milliseconds are the stamp's own, not the caller's now, so that ids sort as the log does.
    """
    millis = int(stamp.utc.timestamp() * 1000) & (2**48 - 1)
    bits = millis << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=bits)


class LiveIds:
    """Fresh UUIDv7s."""

    def event(self, type_: str, track: TrackId | None, stamp: Stamp) -> EventId:
        """A new event's id."""
        return EventId(uuid7(stamp))

    def subject(self, track: TrackId, stamp: Stamp) -> SubjectId:
        """A new subject's uuid."""
        return SubjectId(uuid7(stamp))


class ReplayIds:
    """Ids derived from the footage's hash, so that two replays of one file write equal logs."""

    def __init__(self, footage_sha256: str) -> None:
        self._namespace = uuid5(NAMESPACE_URL, f"smartlogd:replay:{footage_sha256}")

    def event(self, type_: str, track: TrackId | None, stamp: Stamp) -> EventId:
        """The id that this event of this footage always has."""
        return EventId(uuid5(self._namespace, f"event:{type_}:{track}:{stamp.mono_ns}"))

    def subject(self, track: TrackId, stamp: Stamp) -> SubjectId:
        """The uuid that this track of this footage always has."""
        return SubjectId(uuid5(self._namespace, f"subject:{track}"))
