"""A centre came, or went: from when on rows are enqueued, and what is enqueued of what was there before. Plain SQL.

`meta` holds under "acknowledged_after" the highest `events.id` of what was never enqueued: history from before there
was a centre, which `backfill` enqueues from its newest end, moving the mark down (to -1,
when all is done). An event is acknowledged when its id
is above the mark and it is neither in the outbox nor a dead letter.
"""

from __future__ import annotations

import json
import sqlite3

from smartlogd.base.wire import ALARM, BULK, NORMAL
from smartlogd.store.find import NOT_LOCAL_OWNER
from smartlogd.store.triggers import NEW_UUID, set_up, take_down

MARK = "acknowledged_after"
_LEFT = "left_after"
"""The newest event when the centre went; later ones are enqueued when one comes again."""
LONGEST = "longest_us"
"""How long anything lasted at most: so far back something may have begun that lasts."""
_DAY_US = 86_400_000_000
STEP = 10_000
"""So many rows of history are enqueued in one transaction: some hundredths of a second."""

_GET = "SELECT value FROM meta WHERE key = ?"
_PUT = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_DROP = "DELETE FROM meta WHERE key = ?"
NEWEST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"
"""The highest number that an event was ever given, also where its row is gone."""
_OLDEST_WAITING = "SELECT min(CAST(row_id AS INTEGER)) FROM outbox WHERE kind = 'event'"

_INTO = "INSERT INTO outbox (kind, row_id, priority, at) "
_FORGET_WAITING = "DELETE FROM outbox WHERE kind IN ('user', 'subject', 'template', 'tombstone')"
_EVERYONE = (
    f"{_INTO} SELECT 'tombstone', uid, {ALARM}, at FROM tombstones ORDER BY at, uid",  # noqa: S608 - constants of ours
    f"{_INTO} SELECT 'user', uid, {NORMAL}, updated_at FROM users WHERE {NOT_LOCAL_OWNER} ORDER BY id",  # noqa: S608 - constants of ours
    f"{_INTO} SELECT 'subject', uuid, {NORMAL}, last_seen FROM subjects"  # noqa: S608 - constants of ours
    " WHERE has_face OR user_id IS NOT NULL OR merged_into IS NOT NULL ORDER BY last_seen, uuid",
    f"{_INTO} SELECT 'template', id, {NORMAL}, created_at FROM face_templates ORDER BY created_at, id",  # noqa: S608 - constants of ours
)
_EVENTS = (
    f"{_INTO} SELECT 'event', id, ?, ts FROM events WHERE id > ? AND id <= ?"  # noqa: S608 - constants of ours
    " AND NOT EXISTS (SELECT 1 FROM dead_letters AS d WHERE d.kind = 'event' AND d.row_id = CAST(events.id AS TEXT))"
    " ORDER BY id"
)
# Whatever lasted when the centre went; told once more, should it have ended before that, which is harmless.
_ENDED = f"""
{_INTO} SELECT 'ended', e.id, {NORMAL}, e.ts FROM events AS l JOIN events AS e ON e.ts BETWEEN l.ts - :longest AND l.ts
WHERE l.id = :left AND +e.id <= :left AND e.ended_at >= l.ts
  AND NOT EXISTS (
    SELECT 1 FROM outbox AS o WHERE o.kind = 'ended' AND o.kind <> 'event' AND o.row_id = CAST(e.id AS TEXT)
  )
"""  # noqa: S608
# By hand, without an event: nothing names such a row elsewhere yet.
_BY_HAND = f"{_INTO} SELECT 'passing', id, {BULK}, timestamp FROM smartlog WHERE event_id IS NULL ORDER BY id"  # noqa: S608 - constants of ours
_MINT = f"UPDATE smartlog SET event_id = {NEW_UUID} WHERE event_id IS NULL"  # noqa: S608 - constants of ours
_ABSENT = "NOT EXISTS (SELECT 1 FROM {of} AS w WHERE w.kind = '{kind}' AND w.row_id = CAST({table}.id AS TEXT){more})"

_THERE = "phase = 'uploaded'"


def _history(kind: str, table: str, at: str, which: str = "1") -> str:
    waits = _ABSENT.format(of="outbox", kind=kind, table=table, more=" AND w.kind <> 'event'")
    is_dead = _ABSENT.format(of="dead_letters", kind=kind, table=table, more="")
    return f"{_INTO} SELECT '{kind}', id, {BULK}, {at} FROM {table} WHERE {which} AND {waits} AND {is_dead} ORDER BY id"  # noqa: S608 - constants of ours


_BULK = (
    _BY_HAND,
    _history("metrics", "device_metrics_daily", "CAST(strftime('%s', date) AS INTEGER) * 1000000"),
    _history("clip", "clips", "start_ts", _THERE),
    _history("snapshot", "snapshots", "ts", _THERE),
)


def begin(connection: sqlite3.Connection) -> bool:
    """There is a centre: rows are enqueued from here on, and everyone who is known; False where it is so already.

    In the caller's transaction. Called at every start, before the first event is written: a migration, or a salvage,
    may have taken triggers away. The first time, events that are there already stay history. After a time without a
    centre, the events of that time are enqueued.
    """
    if not set_up(connection):
        return False
    newest = connection.execute(NEWEST).fetchone()[0]
    left = noted(connection, _LEFT)
    if noted(connection, MARK) is None:
        note(connection, MARK, newest)
    elif isinstance(left, int):
        connection.execute(_EVENTS, (NORMAL, left, newest))
        longest = noted(connection, LONGEST)
        connection.execute(_ENDED, {"left": left, "longest": max(_DAY_US, longest if isinstance(longest, int) else 0)})
    connection.execute(_DROP, (_LEFT,))
    _everyone(connection)
    return True


def begin_anew(connection: sqlite3.Connection) -> None:
    """It is another centre: it knows nobody, and gets everyone who is known; what waits besides goes to it.

    What the one before took is history to this one, for `backfill`.
    """
    (oldest,) = connection.execute(_OLDEST_WAITING).fetchone()
    note(connection, MARK, connection.execute(NEWEST).fetchone()[0] if oldest is None else oldest - 1)
    _everyone(connection)


def end(connection: sqlite3.Connection) -> None:
    """There is no centre any more: nothing is enqueued from here on; what waits is kept, should one come again.

    Harmless where there never was one, and when told again.
    """
    if noted(connection, MARK) is None or noted(connection, _LEFT) is not None:
        return
    take_down(connection)
    note(connection, _LEFT, connection.execute(NEWEST).fetchone()[0])


def backfill(connection: sqlite3.Connection, most: int = STEP) -> int:
    """Enqueue some of the history from before there was a centre, the newest first; how many rows, 0 when all is done.

    In the caller's transaction, of some hundredths of a second; to be called until it gives 0. Nothing where no
    centre ever came.
    """
    mark, taken = noted(connection, MARK), 0
    if not isinstance(mark, int) or mark < 0:
        return 0
    while mark > 0 and not taken:
        floor = _floor(connection, mark, most)
        taken = connection.execute(_EVENTS, (BULK, floor, mark)).rowcount
        mark = floor
    if not taken:
        taken = sum(connection.execute(statement).rowcount for statement in _BULK)
        connection.execute(_MINT)
        mark = -1
    note(connection, MARK, mark)
    return taken


def _floor(connection: sqlite3.Connection, mark: int, most: int) -> int:
    """The id above which, up to the mark, there are so many events; 0 where there are fewer."""
    row = connection.execute("SELECT id FROM events WHERE id <= ? ORDER BY id DESC LIMIT 1 OFFSET ?", (mark, most))
    return next((id_ for (id_,) in row), 0)


def _everyone(connection: sqlite3.Connection) -> None:
    connection.execute(_FORGET_WAITING)
    for statement in _EVERYONE:
        connection.execute(statement)


def noted(connection: sqlite3.Connection, key: str) -> object:
    """What `meta` has under this key; None where it has nothing."""
    row = connection.execute(_GET, (key,)).fetchone()
    found = None if row is None else row[0]
    return json.loads(found) if isinstance(found, str) else found  # a column declared JSON keeps a number as one


def note(connection: sqlite3.Connection, key: str, value: object) -> None:
    """Let `meta` have this under the key."""
    connection.execute(_PUT, (key, json.dumps(value)))
