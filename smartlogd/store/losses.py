"""What had to be left out or given up for want of room: noted at once, told as an event when there is room again.

The note stands in `meta` and is written in the transaction of what went on without it: it is made once, however often
that is tried, and a power cut does not make it forgotten. Events are never among it.
"""

from __future__ import annotations

import sqlite3

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import instant_of
from smartlogd.store.begin import note, noted
from smartlogd.store.remark import remark
from smartlogd.store.rows import Origin

LOST = "lost"


def note_loss(connection: sqlite3.Connection, what: str, size: int, at_us: int) -> None:
    """Note that one of these (pictures, clips, ...) was lost, so many bytes of it, of this instant."""
    told = _told(connection)
    count, total, begin, end = told.get(what, (0, 0, at_us, at_us))
    told[what] = (count + 1, total + size, min(begin, at_us), max(end, at_us))
    note(connection, LOST, told)


def is_due(connection: sqlite3.Connection) -> bool:
    """Whether a loss was noted that no event has told."""
    return noted(connection, LOST) is not None


def tell_losses(connection: sqlite3.Connection, origin: Origin, now: Stamp) -> int:
    """One event of type `loss` for each kind of what was lost, and the note goes; how many, in this transaction."""
    told = _told(connection)
    for what, (count, size, begin, end) in sorted(told.items()):
        span = {"from": instant_of(begin).isoformat(), "to": instant_of(end).isoformat()}
        remark(connection, origin, "loss", now, {"what": what, "count": count, "bytes": size, **span})
    connection.execute("DELETE FROM meta WHERE key = ?", (LOST,))
    return len(told)


def _told(connection: sqlite3.Connection) -> dict[str, tuple[int, int, int, int]]:
    found = noted(connection, LOST)
    if not isinstance(found, dict):
        return {}
    return {what: (count, size, begin, end) for what, (count, size, begin, end) in found.items()}
