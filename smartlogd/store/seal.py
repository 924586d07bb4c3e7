"""Rows that were stamped before a time server was heard: dated exactly when one is, or sealed and corrected.

A row stamped by a clock not trusted waits for a better one, by the monotonic clock: 15 minutes, in which it is given
to nobody. Then it is sealed: sent as it is, and never changed again, for whoever has it knows it by its stamp. When
the clock comes to be trusted, rows that still wait get their true instant, `zero + mono_us`, where `zero` is when the
machine's monotonic clock stood at nought. For those that were sealed, that zero is noted in `boots` and told in one
`clock_corrected` event for each start of the daemon; whoever reads the log adds the two up.

The monotonic clock is one for all starts of the daemon within one start of the machine. Of an earlier start of the
machine nothing can be known any more: its rows stay as they are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import doings
from smartlogd.store.days import reopen
from smartlogd.store.lasting import TYPES, listed
from smartlogd.store.payload import PATIENCE_US
from smartlogd.store.quarters import QUARTER_US
from smartlogd.store.recordings import INSTANTS
from smartlogd.store.remark import remark
from smartlogd.store.rows import Origin

MARGIN_US = 60_000_000
"""Rows this near to being sealed are let be: the outbox, asked meanwhile, may give them out in the next moment."""
_SLACK_US = 60_000_000
"""So far from its events may a subject have been seen, by what was learnt of its face."""

_OF_BOOT = "{table}.boot_id = b.boot_id AND {table}.clock_trusted = 0"
_OF_EVENTS, _OF_LOG = _OF_BOOT.format(table="events"), _OF_BOOT.format(table="smartlog")

# Read off the index of untrusted rows: where there are none, it is a look at an empty page for each start.
_IS_DUE = f"""
SELECT EXISTS (
    SELECT 1 FROM boots AS b WHERE b.machine_boot = :machine AND (
        EXISTS (SELECT 1 FROM events WHERE {_OF_EVENTS} AND events.mono_us > :young)
        OR b.zero_at IS NULL AND EXISTS (SELECT 1 FROM events WHERE {_OF_EVENTS} AND events.mono_us <= :young)
    )
)
"""  # noqa: S608 - names of ours
_SEALED = f"""
SELECT b.boot_id FROM boots AS b WHERE b.machine_boot = :machine AND b.zero_at IS NULL
AND EXISTS (SELECT 1 FROM events WHERE {_OF_EVENTS} AND events.mono_us <= :young) ORDER BY b.mono_us
"""  # noqa: S608
_ZERO = "UPDATE boots SET zero_at = :zero WHERE boot_id = :boot"

# The days of what is dated anew: as it was counted, and as it is to be.
_QUARTERS = f"""
SELECT DISTINCT iif(:is_new, :zero + smartlog.mono_us, smartlog.timestamp) / 900000000
FROM boots AS b CROSS JOIN smartlog ON {_OF_LOG} AND smartlog.mono_us > :after AND smartlog.mono_us <= :until
WHERE b.boot_id IN (SELECT value FROM json_each(:boots))
"""  # noqa: S608
_SPANS = f"""
SELECT DISTINCT at / {QUARTER_US}, (at + lasted) / {QUARTER_US} FROM (
    SELECT iif(:is_new, :zero + events.mono_us, events.ts) AS at, coalesce(events.ended_at - events.ts, 0) AS lasted
    FROM boots AS b CROSS JOIN events ON {_OF_EVENTS} AND events.mono_us > :after AND events.mono_us <= :until
    WHERE b.boot_id IN (SELECT value FROM json_each(:boots)) AND events.type IN ({listed(TYPES)})
)
"""  # noqa: S608

_THEIRS = f"""
SELECT events.subject_uuid, min(events.id), min(events.ts), max(events.ts)
FROM boots AS b CROSS JOIN events ON {_OF_EVENTS} AND events.mono_us > :young
WHERE b.machine_boot = :machine AND events.subject_uuid IS NOT NULL GROUP BY 1
"""  # noqa: S608
_WAITING = """
boot_id IN (SELECT boot_id FROM boots WHERE machine_boot = :machine) AND clock_trusted = 0 AND mono_us > :young
"""
# What began before the clock was set may have ended after it: then its end is right already.
_DATE_EVENTS = f"""
UPDATE events SET
    ts = :zero + mono_us,
    ended_at = iif(
        ended_at < ts OR ended_at - ts + :zero + mono_us > :now,
        max(ended_at, :zero + mono_us),
        ended_at - ts + :zero + mono_us
    ),
    clock_trusted = 1
WHERE {_WAITING}
"""  # noqa: S608
# A recording is dated with its event, whose stamp is that of its beginning, by as much.
_DATE_RECORDINGS = """
UPDATE {table} SET {at} = {at} + (
    SELECT :zero + e.mono_us - e.ts FROM events AS e WHERE e.event_id = {table}.event_id
)
WHERE event_id IN (SELECT event_id FROM events WHERE {waiting} AND type IN ('clip_saved', 'snapshot_saved'))
"""
_DATE_LOG = f"UPDATE smartlog SET timestamp = :zero + mono_us, clock_trusted = 1 WHERE {_WAITING}"  # noqa: S608
_SEEN = """
SELECT s.uuid, s.first_seen, s.last_seen, min(e.ts), max(e.ts)
FROM events AS e CROSS JOIN subjects AS s ON s.uuid = e.subject_uuid
WHERE e.id >= :lowest AND s.uuid IN (SELECT value FROM json_each(:subjects)) GROUP BY 1
"""
_SPAN = "UPDATE subjects SET first_seen = ?, last_seen = ? WHERE uuid = ?"


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many rows got their true instant, and for how many starts of the daemon a correction was written."""

    dated: int
    corrected: int


def is_due(connection: sqlite3.Connection, now: Stamp, machine_boot: str | None) -> bool:
    """Whether `seal` would change anything; for a connection that cannot write, so that nobody else is held up."""
    if not now.trusted or machine_boot is None:
        return False
    return bool(connection.execute(_IS_DUE, _moment(now, machine_boot)).fetchone()[0])


def seal(connection: sqlite3.Connection, origin: Origin, now: Stamp, machine_boot: str | None) -> Sealed:
    """Date and correct what the clock, trusted by now, allows; doing it again changes nothing.

    In the caller's transaction, and `now` is to be read within it: rows that the outbox may have given out before
    must not be dated here. Nothing while the clock is not trusted, or where the kernel does not say which start of
    the machine this is.
    """
    if not now.trusted or machine_boot is None:
        return Sealed(0, 0)
    moment = _moment(now, machine_boot)
    boots = [boot for (boot,) in connection.execute(_SEALED, moment).fetchall()]
    _reopened(connection, boots, {**moment, "after": -1, "until": moment["young"]})
    for boot in boots:
        connection.execute(_ZERO, {**moment, "boot": boot})
        remark(connection, origin, "clock_corrected", now, {"boot_id": boot, "zero_us": int(moment["zero"])})
    return Sealed(_dated(connection, moment), len(boots))


def _moment(now: Stamp, machine_boot: str) -> dict[str, str | int]:
    """What the statements ask for: `zero` is when the monotonic clock stood at nought."""
    now_us, mono_us = micros(now.utc), now.mono_ns // 1000
    young = mono_us - PATIENCE_US + MARGIN_US
    return {"machine": machine_boot, "now": now_us, "zero": now_us - mono_us, "young": young}


def _dated(connection: sqlite3.Connection, moment: dict[str, str | int]) -> int:
    """Give the rows that still wait their true instants; how many."""
    theirs = {row[0]: row[1:] for row in connection.execute(_THEIRS, moment)}
    starts = connection.execute("SELECT boot_id FROM boots WHERE machine_boot = :machine", moment)
    _reopened(connection, [boot for (boot,) in starts], {**moment, "after": moment["young"], "until": 2**62})
    for table, at in INSTANTS.items():
        connection.execute(_DATE_RECORDINGS.format(table=table, at=at, waiting=_WAITING), moment)
    dated = connection.execute(_DATE_EVENTS, moment).rowcount + connection.execute(_DATE_LOG, moment).rowcount
    if theirs:
        _seen_anew(connection, theirs)
    return dated


def _seen_anew(connection: sqlite3.Connection, theirs: dict[str, tuple[int, int, int]]) -> None:
    """Let subjects have been first and last seen when their rows now say so, where it was these rows that said it."""
    asked = {"lowest": min(lowest for lowest, _, _ in theirs.values()), "subjects": json.dumps(list(theirs))}
    spans = []
    for uuid, first, last, new_first, new_last in connection.execute(_SEEN, asked):
        _, old_first, old_last = theirs[uuid]
        lowest, highest = old_first - _SLACK_US, old_last + _SLACK_US
        begun = new_first if lowest <= first <= highest else min(first, new_first)
        ended = new_last if lowest <= last <= highest else max(last, new_last)
        spans.append((begun, ended, uuid))
    connection.executemany(_SPAN, spans)


def _reopened(connection: sqlite3.Connection, boots: Iterable[str], moment: dict[str, str | int]) -> None:
    """Have the days counted again that these rows were in, and those that they come to be in."""
    asked = {**moment, "boots": json.dumps(list(boots))}
    quarters = {
        quarter for is_new in (0, 1) for (quarter,) in connection.execute(_QUARTERS, {**asked, "is_new": is_new})
    }
    reopen(connection, quarters)
    spans = [span for is_new in (0, 1) for span in connection.execute(_SPANS, {**asked, "is_new": is_new})]
    doings.reopen(connection, [(first * QUARTER_US, last * QUARTER_US) for first, last in spans])
