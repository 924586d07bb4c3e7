"""A database that was saved or brought back begins another life: (device, epoch, number) must never repeat."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

from smartlogd.store.begin import MARK, note, noted


def renewed(connection: sqlite3.Connection, *, is_certain: bool) -> None:
    """Begin another epoch, in the caller's transaction: the device sends as one that the centre has not met.

    What comes down from the centre is asked for from the beginning. Where there was a centre, what happens from here
    on is enqueued when it is met again (`begin`); where it is not certain what had been acknowledged, so is everything
    that is not known to have been.
    """
    for (device,) in connection.execute("SELECT id FROM devices").fetchall():
        connection.execute("UPDATE devices SET epoch = ?, high_seq = 0 WHERE id = ?", (str(uuid4()), device))
    connection.execute("DELETE FROM meta WHERE key IN ('cursor', 'pulling', 'objects_since')")
    (had_centre,) = connection.execute(_HAD_CENTRE).fetchone()
    if not had_centre:
        return
    mark = noted(connection, MARK)
    mark = mark if isinstance(mark, int) else 0
    note(connection, MARK, mark)
    if is_certain:
        note(connection, LEFT, connection.execute(_NEWEST).fetchone()[0])
        return
    connection.execute("DELETE FROM outbox WHERE kind = 'event'")
    note(connection, LEFT, mark)  # `begin` enqueues all events after it that are no dead letters
    for statement in _BULK:
        connection.execute(statement)


LEFT = "left_after"
"""Where `begin` looks for the newest event that was enqueued, or did not have to be."""
_NEWEST = "SELECT coalesce(max(id), 0) FROM events"
_HAD_CENTRE = """
SELECT EXISTS (SELECT 1 FROM outbox) OR EXISTS (SELECT 1 FROM dead_letters)
    OR EXISTS (SELECT 1 FROM meta WHERE key IN ('centre', 'acknowledged_after'))
"""
_BULK = (
    """
    INSERT OR IGNORE INTO outbox (kind, row_id, priority, at)
    SELECT 'passing', id, 2, timestamp FROM smartlog
    WHERE event_id IS NOT NULL AND event_id NOT IN (SELECT event_id FROM events)
    """,
    """
    INSERT OR IGNORE INTO outbox (kind, row_id, priority, at)
    SELECT 'metrics', id, 2, CAST(strftime('%s', date) AS INTEGER) * 1000000 FROM device_metrics_daily
    """,
    "INSERT OR IGNORE INTO outbox (kind, row_id, priority, at) SELECT 'clip', id, 2, start_ts FROM clips",
    "INSERT OR IGNORE INTO outbox (kind, row_id, priority, at) SELECT 'snapshot', id, 2, ts FROM snapshots",
)
