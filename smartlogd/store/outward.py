"""What others are told of an event: when, what, who by now, and of its data only what is named here. Plain SQL."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from typing import Any

from smartlogd.base.health import Told
from smartlogd.base.known import Json
from smartlogd.schema.instants import instant_of

LONGEST = 200
"""No more letters than these are told of a text."""

_BEING = ("track", "confidence")
KEPT: Mapping[str, tuple[str, ...]] = {
    "crossing": ("line", "action", "track", "confidence"),
    **dict.fromkeys(("person_entered", "dog_detected", "approach", "playing"), _BEING),
    **dict.fromkeys(("sit", "stand", "lie"), (*_BEING, "zone", "fell")),
    **dict.fromkeys(("eating", "drinking"), (*_BEING, "zone")),
    "fetch_return": (*_BEING, "success"),
    **dict.fromkeys(("bark", "howl", "whine", "speech", "alarm", "glass"), ("confidence", "count")),
}
"""What is told of each type of event; of a type that does not stand here, and so of a face, nothing of its data."""

LAST_US = 253_402_300_799_999_999
"""The end of the year 9999: a stamp beyond it, or one that is no number, was never written by us."""
# A row of a clock that was corrected later happened at `zero_at + mono_us` (store/dating.py says so of the log's rows).
AT = "coalesce(b.zero_at + e.mono_us, e.ts)"
BOOT = "LEFT JOIN boots AS b ON e.clock_trusted = 0 AND b.boot_id = e.boot_id AND b.zero_at IS NOT NULL"
# Who it is by now: up the mergers to the nearest name, else whoever it was known to be when it happened.
# `+` keeps SQLite from walking along the index of stamps instead of the numbers.
_EVENTS = f"""
SELECT e.id, e.event_id, e.type, {AT}, e.clock_trusted IS NOT 0 OR b.zero_at + e.mono_us IS NOT NULL,
       e.subject_uuid, u.name, e.ended_at + {AT} - e.ts, e.data
FROM events AS e {BOOT}
LEFT JOIN users AS u ON u.forgotten_at IS NULL AND u.id = coalesce((
    WITH RECURSIVE up (user_id, next) AS (
        SELECT p.user_id, p.merged_into FROM subjects AS p WHERE p.uuid = e.subject_uuid
        UNION
        SELECT p.user_id, p.merged_into FROM up JOIN subjects AS p ON p.uuid = up.next WHERE up.user_id IS NULL
    )
    SELECT max(user_id) FROM up
), e.subject_user_id)
WHERE +e.ts BETWEEN 0 AND {LAST_US}
"""  # noqa: S608 - constants of ours
_AFTER = f"{_EVENTS} AND e.id > :after ORDER BY e.id LIMIT :most"
_NEWEST = f"{_EVENTS} ORDER BY e.id DESC LIMIT :most"


def after(connection: sqlite3.Connection, seq: int, most: int) -> tuple[Told, ...]:
    """At most so many events after that one, in the order in which they were written."""
    return tuple(_told(*row) for row in connection.execute(_AFTER, {"after": seq, "most": max(0, most)}))


def newest(connection: sqlite3.Connection, most: int) -> tuple[Told, ...]:
    """The last events that were written, at most so many, the newest first."""
    return tuple(_told(*row) for row in connection.execute(_NEWEST, {"most": max(0, most)}))


def _told(
    seq: int,
    event_id: str,
    type_: str,
    at_us: int,
    is_trusted: int,
    subject: str | None,
    person: str | None,
    ended_us: object,
    data: object,
) -> Told:
    ended = instant_of(ended_us) if isinstance(ended_us, int) and 0 <= ended_us <= LAST_US else None
    return Told(seq, event_id, type_, instant_of(at_us), bool(is_trusted), subject, person, ended, outward(type_, data))


def outward(type_: str, data: object) -> Mapping[str, Json]:
    """What is told of an event's data (its JSON text): the plain values that `KEPT` names for its type.

    >>> outward("crossing", '{"line": "door", "action": "I", "distance": 0.31}')
    {'line': 'door', 'action': 'I'}
    >>> outward("face_seen", '{"confidence": 0.9}'), outward("bark", "no JSON")
    ({}, {})
    """
    try:
        found: Any = json.loads(data) if isinstance(data, str) else None
    except (ValueError, RecursionError):  # written by hand: it must not hold up all that comes after it
        found = None
    if not isinstance(found, dict):
        return {}
    plain = ((key, _plain(found.get(key))) for key in KEPT.get(type_, ()))
    return {key: value for key, value in plain if value is not None}


def _plain(value: object) -> str | int | float | None:
    """The value, if it can stand in any message: text of reasonable length, or a finite number; else None."""
    if isinstance(value, str):
        return value[:LONGEST].encode(errors="replace").decode()
    return value if isinstance(value, int | float) and math.isfinite(value) else None
