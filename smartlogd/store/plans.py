"""Routines as they are run and listed: read from their rows, and noted when they ran. Plain SQL.

When one ran, and when it comes next, is noted without touching `updated_at`: of two copies of a routine the newer wins,
and having run makes none newer.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from smartlogd.base.cron import Cron, cron
from smartlogd.base.known import Json
from smartlogd.schema.instants import instant_of, micros
from smartlogd.store.begin import NEWEST, note, noted
from smartlogd.store.recognise import asking
from smartlogd.store.routines import Steps, known_zone, ordered, the_routine

SETTLED = "routines_settled"
"""The key in `meta`: the newest event at the time when the last start had closed what was cut before it."""
TOLD = "routines_told"
"""The key in `meta`: up to when it was told what was missed, by routine."""

_ROUTINES = """
SELECT r.uid, r.name, r.cron, r.timezone, r.steps, r.enabled, r.updated_at, r.last_run_at, r.next_run_at
FROM routines AS r JOIN devices AS d ON d.name = :device
WHERE r.device_id = d.id OR (r.device_id IS NULL AND r.user_id = d.user_id) ORDER BY r.name, r.uid
"""
_RAN = "UPDATE routines SET last_run_at = max(:at, coalesce(last_run_at, 0)) WHERE uid = :uid"
_NEXT = "UPDATE routines SET next_run_at = :at WHERE uid = :uid AND next_run_at IS NOT :at"
_BEGUN = """
SELECT s.event_id, s.data FROM events AS s
WHERE s.id > :settled AND s.type = 'routine_started' AND s.device_id = :device AND NOT EXISTS (
    SELECT 1 FROM events AS f WHERE f.id > s.id AND f.type = 'routine_finished'
        AND json_extract(iif(json_valid(f.data), f.data, '{}'), '$.run') = s.event_id
) ORDER BY s.id
"""
# The newest at first; a run that so many events came after is of no interest, and a log has millions.
_FINISHED = """
SELECT e.data FROM events AS e
WHERE e.id > (SELECT max(id) FROM events) - 200000 AND e.type = 'routine_finished'
    AND json_extract(iif(json_valid(e.data), e.data, '{}'), '$.routine') = ?
ORDER BY e.id DESC LIMIT 1
"""
_STEPS: TypeAdapter[Steps] = TypeAdapter(Steps)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done in a routine; `wait` is waited by this device itself."""

    type: str
    duration_s: float
    params: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Plan:
    """A routine of this device, as its row has it; `fault` is the sentence why it cannot be run, empty where it can.

    `timezone` is empty for the device's own. `is_ordered`: it came from the centre.
    """

    uid: str
    name: str
    cron: str
    timezone: str
    steps: tuple[Step, ...]
    is_enabled: bool
    is_ordered: bool
    updated: dt.datetime
    last_run: dt.datetime | None
    next_run: dt.datetime | None
    fault: str = ""

    def times(self) -> Cron:
        """When it begins; only for one without a fault."""
        return cron(self.cron)


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that began and is not known to have ended: the event of its beginning, and what that said."""

    event_id: str
    data: Mapping[str, Json]


def plans(folder: Path, device: str) -> tuple[Plan, ...]:
    """The routines that this device runs, by name; Missing where there is no log yet."""
    with asking(folder) as connection:
        return plans_of(connection, device)


def plans_of(connection: sqlite3.Connection, device: str) -> tuple[Plan, ...]:
    """The same, over a connection that may read."""
    from_centre = ordered(connection)
    return tuple(_plan(row, from_centre) for row in connection.execute(_ROUTINES, {"device": device}))


def named(folder: Path, device: str, name: str) -> Plan:
    """The routine of this name or uid; Missing where there is none, UnusableInput where several are called so."""
    with asking(folder) as connection:
        uid, *_ = the_routine(connection, device, name)
        return next(plan for plan in plans_of(connection, device) if plan.uid == uid)


def last_result(folder: Path, uid: str) -> Mapping[str, Json]:
    """What was told of the last run of a routine when it was over; empty where none was."""
    with asking(folder) as connection:
        row = connection.execute(_FINISHED, (uid,)).fetchone()
        return _object(row[0]) if row else {}


def ran(connection: sqlite3.Connection, uid: str, at: dt.datetime) -> None:
    """Note that a routine began; in the caller's transaction."""
    connection.execute(_RAN, {"uid": uid, "at": micros(at)})


def comes(connection: sqlite3.Connection, due: Mapping[str, dt.datetime | None]) -> None:
    """Note when routines come next; in the caller's transaction."""
    for uid, at in due.items():
        connection.execute(_NEXT, {"uid": uid, "at": None if at is None else micros(at)})


def told(connection: sqlite3.Connection) -> Mapping[str, dt.datetime]:
    """Up to when it was told what was missed, by routine."""
    found = noted(connection, TOLD)
    pairs = found.items() if isinstance(found, dict) else ()
    return {str(uid): instant_of(at_us) for uid, at_us in pairs if isinstance(at_us, int)}


def note_told(connection: sqlite3.Connection, until: Mapping[str, dt.datetime]) -> None:
    """Note up to when it was told what was missed, of the routines that there are; in the caller's transaction."""
    note(connection, TOLD, {uid: micros(at) for uid, at in until.items()})


def begun(connection: sqlite3.Connection, device_id: int) -> tuple[Begun, ...]:
    """The runs of earlier starts that were cut: by a power cut, or by an end that left them no time."""
    settled = noted(connection, SETTLED)
    asked = {"settled": settled if isinstance(settled, int) else 0, "device": device_id}
    return tuple(Begun(event_id, _object(data)) for event_id, data in connection.execute(_BEGUN, asked).fetchall())


def settled(connection: sqlite3.Connection) -> None:
    """Note that all that was cut has its end; in a transaction after those ends, before anything new begins."""
    note(connection, SETTLED, connection.execute(NEWEST).fetchone()[0])


def _plan(row: tuple[Any, ...], from_centre: frozenset[str]) -> Plan:
    uid, name, fields, timezone, text, enabled, updated, last, next_ = row
    steps, fault = _checked(fields, timezone, text)
    instants = instant_of(updated), _instant(last), _instant(next_)
    return Plan(uid, name, fields, timezone, steps, bool(enabled), uid in from_centre, *instants, fault)


def _checked(fields: str, timezone: str, text: str) -> tuple[tuple[Step, ...], str]:
    """The steps, and why the routine cannot be run, if it cannot: the centre, and a person with a shell, may err."""
    try:
        cron(fields)
        known_zone(timezone)
        asked = _STEPS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(("steps", *map(str, first["loc"])))
        return (), f"{where}: {first['msg'].removeprefix('Value error, ')}"
    except ValueError as error:
        return (), str(error)
    return tuple(Step(one.type, one.duration_s, cast("Mapping[str, Json]", one.params)) for one in asked), ""


def _object(text: object) -> Mapping[str, Json]:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _instant(at_us: int | None) -> dt.datetime | None:
    return None if at_us is None else instant_of(at_us)
