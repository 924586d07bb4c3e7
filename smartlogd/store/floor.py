"""The instant before which no clock of this device can be right.

A Pi has no battery clock: until a time server was heard it may say 1970, or the hour of its last shutdown. Nothing is
dated before the newest row of the log, nor before this program was made.
"""

from __future__ import annotations

import datetime as dt
import sqlite3

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import instant_of, micros

BUILT = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
"""When this version was made; moved on with each release."""
NONSENSE = BUILT + dt.timedelta(days=20 * 365)
"""Rows dated later were written under a clock gone mad; believed, they would hold every later start to that date."""

_NEWEST = """
SELECT max(at) FROM (
    SELECT max(ts) AS at FROM events WHERE ts < :nonsense
    UNION ALL SELECT max(timestamp) FROM smartlog WHERE timestamp < :nonsense
    UNION ALL SELECT max(started_at) FROM boots WHERE started_at < :nonsense
    UNION ALL SELECT max(last_seen) FROM devices WHERE last_seen < :nonsense
)
"""


def floor_of(connection: sqlite3.Connection, now: Stamp) -> dt.datetime:
    """The later of the newest stamp in the database and the build date; never later than a trusted `now`."""
    (newest_us,) = connection.execute(_NEWEST, {"nonsense": micros(NONSENSE)}).fetchone()
    floor = BUILT if newest_us is None else max(BUILT, instant_of(newest_us))
    return min(floor, now.utc) if now.trusted else floor


def raised(now: Stamp, floor: dt.datetime) -> Stamp:
    """`now`, or the floor where a clock that is not trusted stands before it."""
    return now if now.trusted or now.utc >= floor else Stamp(now.mono_ns, floor, trusted=False)
