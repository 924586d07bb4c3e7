"""The end of what takes time, noted in the row of its beginning. Plain SQL, in the writer's transaction.

How long it took is measured by the monotonic clock, which never steps: whatever became of the row's stamp since it
began, its end lies that much later. An end is noted once. Of an event that is not here, or is over, it says nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from smartlogd.base.errors import UnusableInput
from smartlogd.store import doings
from smartlogd.store.lasting import TYPES
from smartlogd.store.outward import AT, BOOT
from smartlogd.store.rows import End, written

_OPEN = f"""
SELECT e.id, e.ts, iif(e.boot_id = :boot, e.mono_us, NULL), e.data, e.subject_uuid, {AT}, e.type FROM events AS e {BOOT}
WHERE e.event_id = :event AND e.ended_at IS NULL
"""  # noqa: S608 - constants of ours
_END = "UPDATE events SET ended_at = :ended, data = :data WHERE id = :id"


def note_ends(connection: sqlite3.Connection, ends: Iterable[End]) -> None:
    """Note these ends, in the caller's transaction, each once; days that were counted without them are counted anew."""
    counted, reopened = doings.counted_to(connection), []
    for end in ends:
        row = connection.execute(_OPEN, {"event": end.event, "boot": end.boot_id}).fetchone()
        if row is None:
            continue
        id_, ts, began_us, data, subject, at, type_ = row
        span_us = end.at_us - ts if began_us is None else end.mono_us - began_us
        merged = _merged(data, end.data, is_of_nobody=subject is None)
        connection.execute(_END, {"id": id_, "ended": ts + max(0, span_us), "data": merged})
        if id_ <= counted and type_ in TYPES:
            reopened.append((at, at + max(0, span_us)))
    doings.reopen(connection, reopened)


def _merged(data: object, more: str, *, is_of_nobody: bool) -> object:
    """Both together, what is newer counts; as it was, where that would be too large or was no object."""
    try:
        found: Any = json.loads(data) if isinstance(data, str) else None
    except (ValueError, RecursionError):  # written by hand
        found = None
    if not isinstance(found, dict) or more == "{}":
        return data
    known = json.loads(more)
    if is_of_nobody:  # forgotten meanwhile, with the track that told of them (rows.stripped)
        known.pop("track", None)
    try:
        return written({**found, **known}, "an event with its end")
    except UnusableInput:
        return data
