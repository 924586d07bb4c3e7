"""The log as people ask for it: who passed which line when. Works beside a running daemon and without one.

Every answer comes from a connection that cannot write. Plain SQL over sqlite3: a question on the command line should
not wait for the object mapper to be imported.

A row that was sealed with a clock not trusted, and corrected later, is told with its true instant, at its true place.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartlogd.base.known import Action
from smartlogd.schema.instants import instant_of, micros
from smartlogd.store.dating import AS_STAMPED, AT, CORRECTED
from smartlogd.store.recognise import asking


@dataclass(frozen=True, slots=True)
class Passing:
    """One row of the log.

    `id` counts up in order of arrival; `who` is a name, where the person is known. `uuid` is the row's own; `subject`
    is under which uuid that stranger is known by now, after all mergers. `is_corrected`: the clock was not trusted, and
    `at` was found out later.
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
    is_corrected: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """How many passed one line each way."""

    line: str | None
    entered: int
    left: int


# A row says itself who it was (store/follow.py sees to that); the chain of mergers is walked where there is one.
_PASSINGS = """
SELECT s.id, {at}, s.line, s.action, s.user_id, s.uuid, u.name, d.name, s.confidence,
       s.track_id, s.clock_trusted, s.event_id,
       CASE WHEN b.merged_into IS NULL THEN s.uuid ELSE (
           WITH RECURSIVE up (uuid, next) AS (
               SELECT s.uuid, b.merged_into
               UNION
               SELECT m.uuid, m.merged_into FROM up JOIN subjects AS m ON m.uuid = up.next
           )
           SELECT uuid FROM up WHERE next IS NULL
       ) END,
       {is_corrected}
FROM smartlog AS s
LEFT JOIN subjects AS b ON b.uuid = s.uuid
LEFT JOIN users AS u ON u.id = s.user_id
LEFT JOIN devices AS d ON d.id = s.device_id
"""
# Only what was asked for stands in the WHERE, so that SQLite finds an index for it.
_CONDITIONS = {
    "after": "s.id > :after",
    "since": "{at} >= :since",
    "line": "s.line = :line",
    "action": "s.action = :action",
}
_NEWEST = "{at} DESC, s.id DESC"
_ARRIVAL = "s.id"

_TOTALS = """
SELECT s.line, sum(s.action = 'I'), sum(s.action = 'O') FROM smartlog AS s
WHERE :since IS NULL OR {at} >= :since
GROUP BY s.line ORDER BY s.line
"""

# Where nothing was ever corrected, and in a log from before that could be, a row's stamp is its instant.
_CAN_CORRECT = "SELECT EXISTS (SELECT 1 FROM pragma_table_info('boots') WHERE name = 'zero_at')"
_ZEROS = "SELECT boot_id, zero_at FROM boots WHERE zero_at IS NOT NULL"
# By the index of untrusted rows, newest first, each corrected start by itself.
_OF_BOOT = "s.boot_id = :boot AND s.clock_trusted = 0"
_STAMPED = {"at": "s.timestamp", "is_corrected": "0"}
_LEARNT = {"at": AT, "is_corrected": f"coalesce({CORRECTED}, 0)"}
_BY_BOOT = {"at": ":zero + s.mono_us", "is_corrected": "1"}


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
    with asking(folder) as connection:
        zeros = _zeros(connection)
        if after_id is not None:
            return list(_asked(connection, question, _ARRIVAL, _LEARNT if zeros else _STAMPED))
        found = list(_asked(connection, question, _NEWEST, _STAMPED, [AS_STAMPED] if zeros else []))
        for boot, zero in zeros.items():
            of_boot = {**question, "boot": boot, "zero": zero}
            found += _asked(connection, of_boot, "s.mono_us DESC, s.id DESC", _BY_BOOT, [_OF_BOOT])
    return sorted(found, key=lambda passing: (passing.at, passing.id))[-limit:]


def totals(folder: Path, since: dt.datetime | None = None) -> list[Total]:
    """How many passed each line, by name of the line."""
    with asking(folder) as connection:
        told = _LEARNT if _zeros(connection) else _STAMPED
        rows = connection.execute(_TOTALS.format(**told), {"since": None if since is None else micros(since)})
        return [Total(*row) for row in rows]


def _zeros(connection: sqlite3.Connection) -> Mapping[str, int]:
    """The starts of the daemon that were corrected, and when their monotonic clock stood at nought."""
    if not connection.execute(_CAN_CORRECT).fetchone()[0]:
        return {}
    return dict(connection.execute(_ZEROS).fetchall())


def _asked(
    connection: sqlite3.Connection,
    question: Mapping[str, str | int | None],
    order: str,
    told: Mapping[str, str],
    more: Collection[str] = (),
) -> Iterator[Passing]:
    """The rows that fit."""
    return map(_passing, connection.execute(_statement(question, order, told, more), question))


def _statement(
    question: Mapping[str, str | int | None], order: str, told: Mapping[str, str], more: Collection[str] = ()
) -> str:
    """The question in SQL; `told` says when a row happened, `more` what else is asked for."""
    asked = [condition for key, condition in _CONDITIONS.items() if question[key] is not None]
    conditions = " AND ".join((*asked, *more)) or "true"
    return f"{_PASSINGS} WHERE {conditions} ORDER BY {order} LIMIT :limit".format(**told)


def _passing(row: tuple[Any, ...]) -> Passing:
    """One row as it comes from the database."""
    (
        id_,
        at_us,
        line,
        action,
        user_id,
        uuid,
        who,
        device,
        confidence,
        track,
        trusted,
        event_id,
        subject,
        is_corrected,
    ) = row
    at, way, known = instant_of(at_us), Action(action), None if trusted is None else bool(trusted)
    named = (user_id, uuid, who, device, confidence, track, known, event_id, subject)
    return Passing(id_, at, line, way, *named, is_corrected=bool(is_corrected))
