"""Objects in the object store that no row names: whose they are can only be said of what began in this database's life.

A bucket may hold what an earlier database of the same device put there: one that was brought back, saved, or began anew
on another card. `meta` has under "objects_since" the instant from which on every recording of this device has its row
here, and keeps it as long as its object is there. It is noted as soon as the clock is trusted, and taken away where
another epoch begins. What was born before is nobody's to judge, and is never erased.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from smartlogd.base.known import EventId
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store.begin import note, noted
from smartlogd.store.recognise import asking
from smartlogd.store.recordings import INSTANTS

SINCE = "objects_since"
"""The key in `meta`: whole microseconds since 1970."""

_NAMED = " UNION ALL ".join(
    f"SELECT event_id FROM {table} WHERE phase IN ('kept', 'uploaded') OR s3_uri IS NOT NULL"  # noqa: S608 - ours
    for table in INSTANTS
)


def born_us(id_: UUID) -> int | None:
    """When an id was minted, by itself: a UUIDv7 begins with its milliseconds; None for any other.

    >>> born_us(UUID("019a4c1e-0000-7000-8000-000000000001"))
    1762213625856000
    """
    return (id_.int >> 80) * 1000 if id_.version == 7 else None


def is_due(connection: sqlite3.Connection, now: Stamp) -> bool:
    """Whether `begin` would note anything."""
    return now.trusted and noted(connection, SINCE) is None


def begin(connection: sqlite3.Connection, now: Stamp) -> None:
    """From now on every recording has its row here, where that was not so before; in the caller's transaction."""
    if is_due(connection, now):
        note(connection, SINCE, micros(now.utc))


def orphans(folder: Path, found: Iterable[EventId]) -> tuple[EventId, ...]:
    """Which of these recordings, found in the object store, have no row in the log of a state folder, and should."""
    with asking(folder) as connection:
        since = noted(connection, SINCE)
        if not isinstance(since, int):
            return ()
        named = {id_ for (id_,) in connection.execute(_NAMED)}
        judged = sorted({id_ for id_ in found if (born_us(id_) or 0) >= since}, key=str)
        return tuple(id_ for id_ in judged if str(id_) not in named)
