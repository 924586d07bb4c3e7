"""What is counted in a day, by the device's own midnight: passings here, all else in `doings.py`. Plain SQL.

A day's passings are counted from its rows, whole, and written where they differ: counting again changes nothing, and a
late row changes its day by one. Only days are counted that rows were added to since (`meta` has under "counted_to" the
last `smartlog.id` that was looked at), or whose rows were dated anew ("recount"). Of a day that lost rows to age
("kept_from") nothing can be counted any more; what comes late for it is added.

The days of an owner are the sums over the owner's devices.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Iterable
from zoneinfo import ZoneInfo

from smartlogd.store import doings
from smartlogd.store.begin import note, noted
from smartlogd.store.dating import AS_STAMPED, AT
from smartlogd.store.doings import Sign
from smartlogd.store.quarters import QUARTER_US, Counted, bounds, by_day, note_quarters, noted_quarters
from smartlogd.store.triggers import METRICS

MOST_ROWS, MOST_DAYS, MOST_OTHERS = 20_000, 7, 2
"""So much is counted in one transaction: some tenths of a second at the most. Of all else, so many days."""
COUNTED, RECOUNT, KEPT_FROM = "counted_to", "recount", "kept_from"

_NEXT = "SELECT max(id) FROM (SELECT id FROM smartlog WHERE id > :counted ORDER BY id LIMIT :most)"
_ADDED_TO = f"SELECT DISTINCT {AT} / {QUARTER_US} FROM smartlog AS s WHERE id > :counted AND id <= :until"  # noqa: S608
_WAYS = "coalesce(s.device_id, :own), sum(s.action = 'I'), sum(s.action = 'O')"
_BETWEEN = f"""
SELECT coalesce(s.device_id, :own) AS device, s.timestamp AS at, s.action = 'I' AS entered, s.action = 'O' AS went
FROM smartlog AS s WHERE s.timestamp >= :begin AND s.timestamp < :end AND {AS_STAMPED}
UNION ALL
SELECT coalesce(s.device_id, :own), b.zero_at + s.mono_us, s.action = 'I', s.action = 'O'
FROM boots AS b CROSS JOIN smartlog AS s ON s.boot_id = b.boot_id AND s.clock_trusted = 0
WHERE b.zero_at IS NOT NULL AND s.mono_us >= :begin - b.zero_at AND s.mono_us < :end - b.zero_at
"""  # noqa: S608
_OF_DAY = f"SELECT device, sum(entered), sum(went) FROM ({_BETWEEN}) GROUP BY device"  # noqa: S608
_MOMENTS = f"SELECT at, entered FROM ({_BETWEEN})"  # noqa: S608
_LATE = f"""
SELECT {_WAYS} FROM smartlog AS s
WHERE s.id > :counted AND s.id <= :until AND {AT} >= :begin AND {AT} < :end GROUP BY 1
"""  # noqa: S608

_WRITE = """
INSERT INTO device_metrics_daily (device_id, date, in_count, out_count) VALUES (:device, :date, :entered, :went)
ON CONFLICT (device_id, date) DO UPDATE SET in_count = excluded.in_count, out_count = excluded.out_count
WHERE (in_count, out_count) IS NOT (excluded.in_count, excluded.out_count)
"""
_ADD = """
INSERT INTO device_metrics_daily (device_id, date, in_count, out_count) VALUES (:device, :date, :entered, :went)
ON CONFLICT (device_id, date) DO UPDATE SET
    in_count = in_count + excluded.in_count, out_count = out_count + excluded.out_count
"""
_NONE_LEFT = """
UPDATE device_metrics_daily SET in_count = 0, out_count = 0
WHERE date = ? AND (in_count, out_count) <> (0, 0) AND device_id NOT IN (SELECT value FROM json_each(?))
"""

_SUMS = ", ".join(f"sum(m.{column})" for column in METRICS)
_NAMES = ", ".join(METRICS)
_TOTALS = f"""
SELECT d.user_id, m.date, {_SUMS} FROM device_metrics_daily AS m JOIN devices AS d ON d.id = m.device_id
WHERE true GROUP BY 1, 2
"""  # noqa: S608
_DIFFER = f"SELECT EXISTS ({_TOTALS} EXCEPT SELECT user_id, date, {_NAMES} FROM ai_metrics_daily)"  # noqa: S608
_TOTAL = f"""
INSERT INTO ai_metrics_daily (user_id, date, {_NAMES}) {_TOTALS}
ON CONFLICT (user_id, date) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in METRICS)}
WHERE ({", ".join(f"ai_metrics_daily.{column}" for column in METRICS)})
    IS NOT ({", ".join(f"excluded.{column}" for column in METRICS)})
"""


def is_due(connection: sqlite3.Connection) -> bool:
    """Whether `count` has anything to do; for a connection that cannot write, so that nobody else is held up."""
    counted = _counted_to(connection)
    return (
        connection.execute(_NEXT, {"counted": counted, "most": 1}).fetchone()[0] is not None
        or noted(connection, RECOUNT) is not None
        or doings.is_due(connection, MOST_ROWS)
        or bool(connection.execute(_DIFFER).fetchone()[0])
    )


def count(
    connection: sqlite3.Connection,
    own: int,
    zone: ZoneInfo,
    sign: Sign | None = None,
    *,
    most_rows: int = MOST_ROWS,
    most_days: int = MOST_DAYS,
) -> Counted:
    """Bring the numbers of days up to date, in the caller's transaction, and in bounded steps: call it while `is_more`.

    `own` is this device's id: a row written by hand without one is this device's. `zone` says when a day begins.
    `sign` is the last sign of life: a day that is over has what lasted until then (`doings.py`).
    """
    passings = _passings(connection, own, zone, most_rows, most_days)
    others = doings.count(
        connection, zone, kept_from(connection), sign, most_rows=most_rows, most_days=min(most_days, MOST_OTHERS)
    )
    before = connection.total_changes
    connection.execute(_TOTAL)
    totals = connection.total_changes - before
    return Counted(passings.changed + others.changed + totals, passings.is_more or others.is_more)


def kept_from(connection: sqlite3.Connection) -> int:
    """From when on the log is whole: before this, rows have gone for their age."""
    found = noted(connection, KEPT_FROM)
    return found if isinstance(found, int) else -(2**62)


def moments(connection: sqlite3.Connection, begin: int, end: int) -> list[tuple[int, int]]:
    """The passings between two instants: when, and whether inwards (1) or outwards (0)."""
    return connection.execute(_MOMENTS, {"own": 0, "begin": begin, "end": end}).fetchall()


def _passings(connection: sqlite3.Connection, own: int, zone: ZoneInfo, most_rows: int, most_days: int) -> Counted:
    """Bring the passings of days up to date."""
    counted, before = _counted_to(connection), connection.total_changes
    until = connection.execute(_NEXT, {"counted": counted, "most": most_rows}).fetchone()[0]
    span = {"own": own, "counted": counted, "until": counted if until is None else until}
    added = {quarter for (quarter,) in connection.execute(_ADDED_TO, span)}
    noted_before = noted_quarters(connection, RECOUNT)
    days = by_day(added | noted_before, zone)
    whole = [day for day in days if bounds(day, zone)[0] >= kept_from(connection)]
    for day in whole[:most_days]:
        _recounted(connection, day, zone, own)
    for day in set(days) - set(whole):
        _write(connection, _ADD, day, connection.execute(_LATE, {**span, **_span(day, zone)}))
    changed = connection.total_changes - before
    left = {quarter for day in whole[most_days:] for quarter in days[day]}
    if left != noted_before:
        note_quarters(connection, RECOUNT, left)
    if until is not None:
        note(connection, COUNTED, until)
    return Counted(changed, bool(left) or (until is not None and until - counted >= most_rows))


def reopen(connection: sqlite3.Connection, quarters: Collection[int]) -> None:
    """Have the days counted again that these quarters of an hour lie in (microseconds since 1970 / QUARTER_US)."""
    if quarters:
        note_quarters(connection, RECOUNT, noted_quarters(connection, RECOUNT) | set(quarters))


def _counted_to(connection: sqlite3.Connection) -> int:
    counted = noted(connection, COUNTED)
    return counted if isinstance(counted, int) else 0


def _span(day: dt.date, zone: ZoneInfo) -> dict[str, int]:
    begin, end = bounds(day, zone)
    return {"begin": begin, "end": end}


def _recounted(connection: sqlite3.Connection, day: dt.date, zone: ZoneInfo, own: int) -> None:
    """Count the day's rows, all of them; a device that has none of them left has passed nobody."""
    found = connection.execute(_OF_DAY, {"own": own, **_span(day, zone)}).fetchall()
    _write(connection, _WRITE, day, found)
    connection.execute(_NONE_LEFT, (day.isoformat(), str([device for device, _, _ in found])))


def _write(connection: sqlite3.Connection, statement: str, day: dt.date, found: Iterable[tuple[int, int, int]]) -> None:
    rows = [{"device": device, "date": day.isoformat(), "entered": i, "went": o} for device, i, o in found]
    connection.executemany(statement, rows)
