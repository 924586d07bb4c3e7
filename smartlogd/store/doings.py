"""What is counted in a day beside passings: postures, fetches, treats, sounds, and minutes in view and calm. Plain SQL.

As with passings (`days.py`), a day is counted from its rows, whole, and written where it differs. Looked at are the
days of events that were added since (`meta` has under "doings_to" the last `events.id` that was looked at), and those
in which something ended or was dated anew ("recount_doings"). What lasts is counted when it is over; but a day that is
over itself has all of it that is known to have fallen into it.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from smartlogd.store.begin import LONGEST, note, noted
from smartlogd.store.lasting import CALM, COLUMNS, GAP_US, PRESENCE, TYPES, Doing, Numbers, listed, numbers
from smartlogd.store.outward import AT, BOOT
from smartlogd.store.quarters import QUARTER_US, Counted, bounds, by_day, note_quarters, noted_quarters, touched

COUNTED, RECOUNT = "doings_to", "recount_doings"
"""Keys in `meta`."""
_LONGEST_US = 32 * 86_400_000_000
"""Nobody stays so long; whoever writes by hand that someone did does not have months looked through every minute."""
_NO_COUNT: Numbers = dict.fromkeys(COLUMNS, 0)

_TYPES = listed(TYPES)
_SPANS = listed((*PRESENCE, CALM))
_IS_SPAN = f"e.type IN ({_SPANS})"
_NEXT = "SELECT max(id) FROM (SELECT id FROM events WHERE id > :counted ORDER BY id LIMIT :most)"
_ANY = f"""
SELECT EXISTS (SELECT 1 FROM events WHERE id > :counted AND id <= :until AND type IN ({_TYPES}))
"""  # noqa: S608 - constants of ours
_ADDED = f"""
SELECT {AT}, coalesce(e.ended_at - e.ts, 0), {_IS_SPAN} FROM events AS e {BOOT}
WHERE e.id > :counted AND e.id <= :until AND e.type IN ({_TYPES})
"""  # noqa: S608
_WHOSE = f"iif({_IS_SPAN} AND json_valid(e.data), coalesce(json_extract(e.data, '$.track'), ''), '')"
_SUCCESS = "iif(e.type = 'fetch_return' AND json_valid(e.data), json_extract(e.data, '$.success') IS 1, 0)"
_COLUMNS = f"e.device_id, e.type, {{at}}, e.ended_at - e.ts, e.boot_id, e.mono_us, {_WHOSE}, e.subject_uuid, {_SUCCESS}"
_CORRECTED = (
    "e.clock_trusted = 0 AND EXISTS"
    " (SELECT 1 FROM boots AS b WHERE b.boot_id = e.boot_id AND b.zero_at + e.mono_us IS NOT NULL)"
)
_LASTS = f"{_IS_SPAN} AND coalesce(e.ended_at, :end) > :begin"
_BETWEEN = f"""
SELECT {_COLUMNS.format(at="e.ts")} FROM events AS e
WHERE e.ts >= :since AND e.ts < :end AND e.type IN ({_TYPES}) AND NOT coalesce({_CORRECTED}, 0)
  AND +e.id > :after AND +e.id <= :until AND (e.ts >= :begin OR {_LASTS})
UNION ALL
SELECT {_COLUMNS.format(at="b.zero_at + e.mono_us")} FROM boots AS b CROSS JOIN events AS e
ON e.boot_id = b.boot_id AND e.clock_trusted = 0
WHERE b.zero_at IS NOT NULL AND e.mono_us >= :since - b.zero_at AND e.mono_us < :end - b.zero_at
  AND e.type IN ({_TYPES}) AND +e.id > :after AND +e.id <= :until
"""  # noqa: S608

_NAMES = ", ".join(COLUMNS)
_VALUES = ", ".join(f":{column}" for column in COLUMNS)
_NEW = ", ".join(f"excluded.{column}" for column in COLUMNS)
_INSERT = f"INSERT INTO device_metrics_daily (device_id, date, {_NAMES}) VALUES (:device, :date, {_VALUES})"  # noqa: S608
_WRITE = f"""
{_INSERT} ON CONFLICT (device_id, date) DO UPDATE SET ({_NAMES}) = ({_NEW}) WHERE ({_NAMES}) IS NOT ({_NEW})
"""
_ADD = f"""
{_INSERT} ON CONFLICT (device_id, date) DO UPDATE SET
    {", ".join(f"{column} = {column} + excluded.{column}" for column in COLUMNS)}
"""
_NONE_LEFT = f"""
UPDATE device_metrics_daily SET {", ".join(f"{column} = 0" for column in COLUMNS)}
WHERE date = :date AND ({_NAMES}) <> ({", ".join("0" for _ in COLUMNS)})
  AND device_id NOT IN (SELECT value FROM json_each(:devices))
"""  # noqa: S608


class Sign(NamedTuple):
    """Until when a start of the daemon is known to have lived, by its monotonic clock and by the date.

    `since_us` is when the oldest began of what lasted then.
    """

    boot_id: str
    mono_us: int
    at_us: int
    since_us: int


def is_due(connection: sqlite3.Connection, most: int) -> bool:
    """Whether `count` has anything to do; among so many events at a time."""
    asked = {"counted": counted_to(connection), "most": most}
    until = connection.execute(_NEXT, asked).fetchone()[0]
    if noted(connection, RECOUNT) is not None or (until is not None and until - asked["counted"] >= most):
        return True
    return bool(connection.execute(_ANY, {**asked, "until": until}).fetchone()[0])


def count(
    connection: sqlite3.Connection, zone: ZoneInfo, kept_from: int, sign: Sign | None, *, most_rows: int, most_days: int
) -> Counted:
    """Bring these columns up to date, in the caller's transaction, and in bounded steps.

    Of a day that began before `kept_from` rows have gone for their age: what comes for it is added.
    """
    counted = counted_to(connection)
    until = connection.execute(_NEXT, {"counted": counted, "most": most_rows}).fetchone()[0]
    until = counted if until is None else until
    noted_before = noted_quarters(connection, RECOUNT)
    added, lasted = _added(connection, counted, until)
    _note_longest(connection, lasted)
    days = by_day(added | noted_before, zone)
    whole = [day for day in days if bounds(day, zone)[0] >= kept_from]
    before = connection.total_changes
    for day in whole[:most_days]:
        _write(connection, _WRITE, day, of_day(connection, bounds(day, zone), sign))
    for day in set(days) - set(whole):
        _write(connection, _ADD, day, of_day(connection, bounds(day, zone), after=counted, until=until))
    changed = connection.total_changes - before
    left = {quarter for day in whole[most_days:] for quarter in days[day]}
    if left != noted_before:
        note_quarters(connection, RECOUNT, left)
    if until != counted:
        note(connection, COUNTED, until)
    return Counted(changed, bool(left) or until - counted >= most_rows)


def counted_to(connection: sqlite3.Connection) -> int:
    """The last event that was looked at."""
    counted = noted(connection, COUNTED)
    return counted if isinstance(counted, int) else 0


def reopen(connection: sqlite3.Connection, spans: Iterable[tuple[int, int]]) -> None:
    """Have the days counted again into which these stretches fall (microseconds since 1970)."""
    spans = list(spans)
    if not spans:
        return
    before = noted_quarters(connection, RECOUNT)
    quarters = before | {quarter for span in spans for quarter in _near(*span)}
    if quarters != before:
        note_quarters(connection, RECOUNT, quarters)
    _note_longest(connection, max(end - begin for begin, end in spans))


def of_day(
    connection: sqlite3.Connection,
    span: tuple[int, int],
    sign: Sign | None = None,
    *,
    after: int = -1,
    until: int = 2**62,
) -> Mapping[int, Numbers]:
    """The numbers of each device between two instants, of those that have any; of events `after` one, up to another.

    What lasts is counted as far as the `sign` says that it did; without, or where the sign comes before the end, not.
    """
    found = between(connection, span, sign if sign and sign.at_us >= span[1] else None, after=after, until=until)
    numbered = ((device, numbers(doings, span)[0]) for device, doings in found.items())
    return {device: counts for device, counts in numbered if counts != _NO_COUNT}


def between(
    connection: sqlite3.Connection,
    span: tuple[int, int],
    sign: Sign | None,
    *,
    after: int = -1,
    until: int = 2**62,
    at_least_us: int = 0,
) -> Mapping[int, list[Doing]]:
    """What each device told between two instants, and what of before lasted until then; as `numbers` takes it.

    What lasts still, lasts until the `sign`. `at_least_us` is how far back to look for what lasted, at least.
    """
    begin, end = span[0] - GAP_US, span[1] + GAP_US
    since = min(begin - max(longest(connection), at_least_us), sign.since_us if sign else begin)
    asked = {"since": since, "begin": begin, "end": end, "after": after, "until": until}
    doings: defaultdict[int, list[Doing]] = defaultdict(list)
    for device, type_, at, lasted, boot, mono_us, track, subject, success in connection.execute(_BETWEEN, asked):
        if lasted is None and sign is not None and boot == sign.boot_id:
            ended = at + sign.mono_us - mono_us
        else:
            ended = None if lasted is None else at + lasted
        doings[device].append(Doing(type_, at, ended, f"{boot} {track or subject or ''}", bool(success)))
    return doings


def stale(connection: sqlite3.Connection, zone: ZoneInfo) -> tuple[frozenset[dt.date], int]:
    """The days that `count` has still to look at, and how long anything lasted that it has not seen yet."""
    added, lasted = _added(connection, counted_to(connection), 2**62)
    return frozenset(by_day(added | noted_quarters(connection, RECOUNT), zone)), lasted


def longest(connection: sqlite3.Connection) -> int:
    """How long anything lasted at most that was counted, microseconds."""
    found = noted(connection, LONGEST)
    return found if isinstance(found, int) else 0


def _added(connection: sqlite3.Connection, counted: int, until: int) -> tuple[set[int], int]:
    """The quarters that these events fall into, and how long the longest of them lasted."""
    quarters: set[int] = set()
    most = 0
    for at, lasted, is_span in connection.execute(_ADDED, {"counted": counted, "until": until}):
        quarters.update(_near(at, at + max(0, lasted)) if is_span else (at // QUARTER_US,))
        most = max(most, lasted if is_span else 0)
    return quarters, most


def _near(begin: int, end: int) -> Iterator[int]:
    """The quarters that it falls into, and those that a gap might join to it."""
    return touched(begin - GAP_US, end + GAP_US)


def _note_longest(connection: sqlite3.Connection, lasted: int) -> None:
    lasted = min(lasted, _LONGEST_US)
    if lasted > longest(connection):
        note(connection, LONGEST, lasted)


def _write(connection: sqlite3.Connection, statement: str, day: dt.date, found: Mapping[int, Numbers]) -> None:
    """Write the day's numbers; a device that has none of them left has done nothing."""
    date = day.isoformat()
    connection.executemany(statement, [{"device": device, "date": date, **counts} for device, counts in found.items()])
    if statement is _WRITE:
        connection.execute(_NONE_LEFT, {"date": date, "devices": json.dumps(list(found))})
