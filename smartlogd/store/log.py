"""The log as people ask for it: who passed which line when. Works beside a running daemon and without one.

Every answer comes from a connection that cannot write. Plain SQL over sqlite3: a question on the command line should
not wait for the object mapper to be imported.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartlogd.base.known import Action
from smartlogd.schema.instants import instant_of, micros
from smartlogd.store.recognise import asking


@dataclass(frozen=True, slots=True)
class Passing:
    """One row of the log.

    `id` counts up in order of arrival; `who` is a name, where the person is known. `uuid` is the row's own; `subject`
    is under which uuid that stranger is known by now, after all mergers.
    """

    id: int
    at: dt.datetime
    line: str | None
    action: Action
    user_id: int | None
    uuid: str | None
    who: str | None
    device: str | None
    confidence: float | None
    track: int | None
    trusted: bool | None
    event_id: str | None
    subject: str | None


@dataclass(frozen=True, slots=True)
class Total:
    """How many passed one line each way."""

    line: str | None
    entered: int
    left: int


# A row says itself who it was (store/follow.py sees to that); the chain of mergers is walked where there is one.
_PASSINGS = """
SELECT s.id, s.timestamp, s.line, s.action, s.user_id, s.uuid, u.name, d.name, s.confidence,
       s.track_id, s.clock_trusted, s.event_id,
       CASE WHEN b.merged_into IS NULL THEN s.uuid ELSE (
           WITH RECURSIVE up (uuid, next) AS (
               SELECT s.uuid, b.merged_into
               UNION
               SELECT m.uuid, m.merged_into FROM up JOIN subjects AS m ON m.uuid = up.next
           )
           SELECT uuid FROM up WHERE next IS NULL
       ) END
FROM smartlog AS s
LEFT JOIN subjects AS b ON b.uuid = s.uuid
LEFT JOIN users AS u ON u.id = s.user_id
LEFT JOIN devices AS d ON d.id = s.device_id
"""
# Only what was asked for stands in the WHERE, so that SQLite finds an index for it.
_CONDITIONS = {
    "after": "s.id > :after",
    "since": "s.timestamp >= :since",
    "line": "s.line = :line",
    "action": "s.action = :action",
}
_NEWEST = " ORDER BY s.timestamp DESC, s.id DESC LIMIT :limit"
_ARRIVAL = " ORDER BY s.id LIMIT :limit"

_TOTALS = """
SELECT line, sum(action = 'I'), sum(action = 'O') FROM smartlog
WHERE :since IS NULL OR timestamp >= :since
GROUP BY line ORDER BY line
"""


def passings(
    folder: Path,
    *,
    since: dt.datetime | None = None,
    line: str | None = None,
    action: Action | None = None,
    limit: int = 100,
    after_id: int | None = None,
) -> list[Passing]:
    """Passings in the order of their time: the newest `limit` that fit.

    With `after_id` (0 for the beginning) it is the next `limit` in order of arrival after that row: who follows the
    log asks again and again with the last id it got, and misses none. `since` must be aware. Missing (with a hint)
    where there is no log yet; DiskTrouble where it cannot be read.
    """
    question: dict[str, str | int | None] = {
        "after": after_id,
        "since": None if since is None else micros(since),
        "line": line,
        "action": None if action is None else action.value,
        "limit": limit,
    }
    asked = [condition for key, condition in _CONDITIONS.items() if question[key] is not None]
    where = f"WHERE {' AND '.join(asked)}" if asked else ""
    with asking(folder) as connection:
        order = _NEWEST if after_id is None else _ARRIVAL
        found = [_passing(row) for row in connection.execute(_PASSINGS + where + order, question)]
    return found[::-1] if after_id is None else found


def totals(folder: Path, since: dt.datetime | None = None) -> list[Total]:
    """How many passed each line, by name of the line."""
    with asking(folder) as connection:
        rows = connection.execute(_TOTALS, {"since": None if since is None else micros(since)})
        return [Total(*row) for row in rows]


def _passing(row: tuple[Any, ...]) -> Passing:
    """One row as it comes from the database."""
    id_, at_us, line, action, user_id, uuid, who, device, confidence, track, trusted, event_id, subject = row
    at, way, known = instant_of(at_us), Action(action), None if trusted is None else bool(trusted)
    return Passing(id_, at, line, way, user_id, uuid, who, device, confidence, track, known, event_id, subject)
