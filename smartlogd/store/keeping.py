"""Rows that the centre has: they stay here for some weeks, and then go. Plain SQL, told as a story.

Acknowledged is an event whose number is above the mark in `meta` (`begin.py`) and which waits neither in the outbox nor
among the dead letters. Nothing else ever goes for its age: not without a centre, not while it waits, not before its day
was counted, and not by a clock that nobody disciplines, for such a clock may be years ahead.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import doings, life
from smartlogd.store.begin import MARK, note, noted
from smartlogd.store.dating import AT
from smartlogd.store.days import COUNTED, KEPT_FROM, RECOUNT
from smartlogd.store.lasting import LASTING, TYPES, listed
from smartlogd.store.outward import AT as AT_OF_EVENT
from smartlogd.store.outward import BOOT
from smartlogd.store.places import unlinked

MOST = 500
"""So many events go in one transaction."""
_DAY_US = 86_400_000_000
_LEFT = "left_after"
"""The key in `meta` that stands while a centre that was there is gone (`begin.py`)."""

# The index of stamps says which are old; `+` keeps SQLite from walking through all that are not.
_OLD = """
SELECT id, ts, event_id, subject_uuid FROM events
WHERE (ts, id) > (:after_ts, :after_id) AND ts < :cutoff AND +id > :mark
AND (clock_trusted IS NOT 0 OR coalesce(
    (SELECT zero_at FROM boots WHERE boots.boot_id = events.boot_id) + mono_us, ts
) < :cutoff)
ORDER BY ts, id LIMIT :most
"""
# What must stay, of these. A recording's event stays as long as there is anything of the recording to be had or sent.
_NUMBERS = "(SELECT value FROM json_each(:numbers))"
_IDS = "(SELECT value FROM json_each(:ids))"
_WAITING = f"SELECT CAST(row_id AS INTEGER) FROM outbox WHERE kind = 'event' AND CAST(row_id AS INTEGER) IN {_NUMBERS}"  # noqa: S608
_WAITING_ENDS = """
SELECT CAST(row_id AS INTEGER) FROM outbox
WHERE kind = 'ended' AND kind <> 'event' AND row_id IN (SELECT CAST(value AS TEXT) FROM json_each(:numbers))
"""
_DEAD = """
SELECT CAST(row_id AS INTEGER) FROM dead_letters
WHERE kind IN ('event', 'ended') AND row_id IN (SELECT CAST(value AS TEXT) FROM json_each(:numbers))
"""
_UNCOUNTED = f"SELECT event_id FROM smartlog WHERE event_id IN {_IDS} AND id > :counted"  # noqa: S608
_UNDONE = f"""
SELECT event_id FROM events WHERE event_id IN {_IDS} AND (
    id > :doings AND type IN ({listed(TYPES)})
    OR ended_at IS NULL AND boot_id = :living AND type IN ({listed(LASTING)})
)
"""  # noqa: S608
_SHOWN = """
SELECT m.event_id FROM {table} AS m WHERE m.event_id IN {ids} AND (
    m.path IS NOT NULL OR m.phase <> 'lost' OR m.s3_uri IS NOT NULL
    OR EXISTS (
        SELECT 1 FROM outbox AS o WHERE o.kind = '{kind}' AND o.kind <> 'event' AND o.row_id = CAST(m.id AS TEXT)
    )
    OR EXISTS (SELECT 1 FROM dead_letters AS d WHERE d.kind = '{kind}' AND d.row_id = CAST(m.id AS TEXT))
)
"""
# Who was filmed is found by what happened then: so whoever is forgotten is taken out of the object store too.
_FILMED = f"""
SELECT e.event_id FROM events AS e JOIN clips AS m
ON m.phase <> 'lost' AND e.ts BETWEEN m.start_ts AND m.start_ts + 1000 * m.duration_ms
WHERE e.event_id IN {_IDS} AND e.video_ts_ms IS NOT NULL
"""  # noqa: S608
_RECORDINGS = (("clips", "clip"), ("snapshots", "snapshot"))

_PASSINGS = f"SELECT max({AT}), json_group_array(s.image_path) FROM smartlog AS s WHERE s.event_id IN {_IDS}"  # noqa: S608
_LAST_OF_DAY = f"""
SELECT max({AT_OF_EVENT} + coalesce(e.ended_at - e.ts, 0)) FROM events AS e {BOOT}
WHERE e.event_id IN {_IDS} AND e.type IN ({listed(TYPES)})
"""  # noqa: S608
_DROP_PASSINGS = f"DELETE FROM smartlog WHERE event_id IN {_IDS}"  # noqa: S608
_DROP_EVENTS = f"DELETE FROM events WHERE event_id IN {_IDS}"  # noqa: S608
_DROP_RECORDING = "DELETE FROM {table} WHERE event_id IN {ids}"
# Someone without name, face, picture or row is nobody any more.
_DROP_NOBODIES = """
DELETE FROM subjects WHERE uuid IN (SELECT value FROM json_each(:subjects))
AND user_id IS NULL AND merged_into IS NULL AND best_crop IS NULL AND ignored = 0 AND last_seen < :cutoff
AND NOT EXISTS (SELECT 1 FROM smartlog AS s WHERE s.uuid = subjects.uuid)
AND NOT EXISTS (SELECT 1 FROM face_templates AS t WHERE t.subject = subjects.uuid)
AND NOT EXISTS (SELECT 1 FROM subjects AS m WHERE m.merged_into = subjects.uuid)
AND NOT EXISTS (
    SELECT 1 FROM outbox AS o WHERE o.kind = 'subject' AND o.kind <> 'event' AND o.row_id = subjects.uuid
)
AND NOT EXISTS (SELECT 1 FROM dead_letters AS d WHERE d.kind = 'subject' AND d.row_id = subjects.uuid)
"""

Cursor = tuple[int, int]
FIRST: Cursor = (-(2**62), 0)


@dataclass(frozen=True, slots=True)
class Gone:
    """How many rows went of each table, and after which event to go on looking; None when all was looked at."""

    events: int = 0
    passings: int = 0
    subjects: int = 0
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class _Old:
    """An event that is old enough: its number here, its id, and whom it happened to."""

    number: int
    id: str
    subject: str | None


def is_due(connection: sqlite3.Connection, now: Stamp, keep_d: float) -> bool:
    """Whether there may be anything to let go; for a connection that cannot write, so that nobody else is held up."""
    asked = _asked(connection, now, keep_d, FIRST, 1)
    return asked is not None and connection.execute(_OLD, asked).fetchone() is not None


def let_go(
    connection: sqlite3.Connection, folder: Path, now: Stamp, keep_d: float, *, after: Cursor = FIRST, most: int = MOST
) -> Gone:
    """Delete acknowledged events older than `keep_d` with all that hangs on them, in the caller's transaction.

    It looks at `most` events at a time, the oldest first: to be called with the `after` it gave until that is None.
    """
    asked = _asked(connection, now, keep_d, after, most)
    found = [] if asked is None else connection.execute(_OLD, asked).fetchall()
    if asked is None or not found:
        return Gone()
    old = _acknowledged(connection, [_Old(number, id_, subject) for number, _, id_, subject in found])
    ids: dict[str, int | str] = {
        "ids": json.dumps([event.id for event in old]),
        "subjects": json.dumps(sorted({event.subject for event in old if event.subject})),
        "cutoff": asked["cutoff"],
    }
    passings = _passings_gone(connection, folder, ids)
    for table, _ in _RECORDINGS:
        connection.execute(_DROP_RECORDING.format(table=table, ids=_IDS), ids)
    _note_kept(connection, connection.execute(_LAST_OF_DAY, ids).fetchone()[0])
    events = connection.execute(_DROP_EVENTS, ids).rowcount
    subjects = connection.execute(_DROP_NOBODIES, ids).rowcount
    number, ts = found[-1][:2]
    return Gone(events, passings, subjects, (ts, number) if len(found) == most else None)


def _asked(
    connection: sqlite3.Connection, now: Stamp, keep_d: float, after: Cursor, most: int
) -> dict[str, int] | None:
    """Which events are old; None where none may go just now."""
    mark = noted(connection, MARK)
    if not now.trusted or not isinstance(mark, int) or noted(connection, _LEFT) is not None:
        return None
    if any(noted(connection, key) is not None for key in (RECOUNT, doings.RECOUNT)):
        return None
    cutoff = micros(now.utc) - round(keep_d * _DAY_US)
    return {"after_ts": after[0], "after_id": after[1], "cutoff": cutoff, "mark": mark, "most": most}


def _acknowledged(connection: sqlite3.Connection, old: Iterable[_Old]) -> list[_Old]:
    """Those of them that the centre has, that are counted, and that show no recording."""
    old = list(old)
    counted, living = noted(connection, COUNTED), life.known(connection)
    asked = {
        "numbers": json.dumps([event.number for event in old]),
        "ids": json.dumps([event.id for event in old]),
        "counted": counted if isinstance(counted, int) else 0,
        "doings": doings.counted_to(connection),
        "living": living.boot_id if living else "",
    }
    waiting = {
        number for statement in (_WAITING, _WAITING_ENDS, _DEAD) for (number,) in connection.execute(statement, asked)
    }
    shown = (_SHOWN.format(table=table, kind=kind, ids=_IDS) for table, kind in _RECORDINGS)
    needed = {
        id_ for statement in (_UNCOUNTED, _UNDONE, _FILMED, *shown) for (id_,) in connection.execute(statement, asked)
    }
    return [event for event in old if event.number not in waiting and event.id not in needed]


def _passings_gone(connection: sqlite3.Connection, folder: Path, ids: dict[str, int | str]) -> int:
    """Delete their passings and the pictures of them, and note which days cannot be counted any more."""
    newest, pictures = connection.execute(_PASSINGS, ids).fetchone()
    if newest is None:
        return 0
    unlinked(folder, filter(None, json.loads(pictures)))
    _note_kept(connection, newest)
    return connection.execute(_DROP_PASSINGS, ids).rowcount


def _note_kept(connection: sqlite3.Connection, gone: int | None) -> None:
    """The log is whole only after this instant; nothing changes where nothing that is counted has gone."""
    kept_from = noted(connection, KEPT_FROM)
    if gone is not None and gone >= (kept_from if isinstance(kept_from, int) else 0):
        note(connection, KEPT_FROM, gone + 1)
