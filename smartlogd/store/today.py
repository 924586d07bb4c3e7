"""What was counted since midnight, by line, and what happened last: asked every second, answered from memory.

The day is the device's own, as in `days.py`, and its numbers are counted by the same rows. They are counted whole when
the day turns, and at most once a minute while rows change (a clock set right dates rows anew); in between only new rows
are added.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.health import LastCrossing, LineToday, Told
from smartlogd.base.time import Clock, monotonic_s
from smartlogd.schema.instants import instant_of, micros
from smartlogd.store.asker import Asker
from smartlogd.store.dating import AS_STAMPED, AT
from smartlogd.store.engine import Store
from smartlogd.store.outward import newest
from smartlogd.store.quarters import bounds, day_of

ANEW_S = 60.0
"""So long may new rows be added to what was counted, before it is counted anew."""
MOST = 8
"""So many of the last events are told."""

_DAY = f"""
SELECT line, sum(entered), sum(went) FROM (
    SELECT s.line AS line, s.action = 'I' AS entered, s.action = 'O' AS went
    FROM smartlog AS s WHERE s.timestamp >= :begin AND s.timestamp < :end AND {AS_STAMPED}
    UNION ALL
    SELECT s.line, s.action = 'I', s.action = 'O'
    FROM boots AS b CROSS JOIN smartlog AS s ON s.boot_id = b.boot_id AND s.clock_trusted = 0
    WHERE b.zero_at IS NOT NULL AND s.mono_us >= :begin - b.zero_at AND s.mono_us < :end - b.zero_at
) WHERE line IS NOT NULL GROUP BY line ORDER BY line
"""  # noqa: S608 - constants of ours
# By number alone: else SQLite would walk through the whole index of lines, for it has them in groups.
_ADDED = f"""
SELECT s.line, sum(s.action = 'I'), sum(s.action = 'O') FROM smartlog AS s NOT INDEXED
WHERE s.id > :counted AND s.line IS NOT NULL AND {AT} >= :begin AND {AT} < :end GROUP BY s.line ORDER BY s.line
"""  # noqa: S608
_NEWEST = "SELECT coalesce(max(id), 0) FROM smartlog"
# The newest in the order of writing, whatever the clock said; a row that no daemon saw is none of ours.
_LAST = f"""
SELECT s.event_id, s.line, s.action, {AT}, u.name FROM smartlog AS s
LEFT JOIN users AS u ON u.id = s.user_id AND u.forgotten_at IS NULL
WHERE s.boot_id IS NOT NULL AND s.event_id IS NOT NULL AND s.line IS NOT NULL ORDER BY s.id DESC LIMIT 1
"""  # noqa: S608

Counts = Mapping[str, LineToday]


@dataclass(frozen=True, slots=True)
class Day:
    """One day so far: passings by line (only lines that were passed), the last one, and the last events of any day."""

    date: dt.date
    lines: Counts = field(default_factory=lambda: MappingProxyType({}))
    last: LastCrossing | None = None
    events: tuple[Told, ...] = ()
    """The newest first."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was read, and from which state of the database; `counted` is the last row of the log in it."""

    day: Day
    span: tuple[int, int]
    version: int
    counted: int
    whole_version: int
    whole_s: float


class Today:
    """What an open store says of the day that it is; to be closed before the store.

    `clock` says which day that is, in the `zone` that is asked for each time, so that a reload is heard.
    """

    def __init__(self, store: Store, clock: Clock, zone: Callable[[], ZoneInfo]) -> None:
        self._clock, self._zone = clock, zone
        self._asker = Asker(store.path)
        self._answer: _Answer | None = None

    @property
    def day(self) -> Day:
        """What the last `look` saw; a day with nothing in it where midnight has passed since, or before the first."""
        date = self._date()
        if self._answer is None:
            return Day(date)
        seen = self._answer.day
        return seen if seen.date == date else Day(date, last=seen.last, events=seen.events)

    async def look(self) -> Day:
        """The day so far. Next to free where nothing was written since; DiskTrouble where it cannot be read."""
        date = self._date()
        try:
            self._answer = await self._asker.ask(
                partial(_looked, self._answer, date, bounds(date, self._zone()), monotonic_s())
            )
        except DiskTrouble:
            self._answer = None  # versions count from another beginning over another connection
            raise
        return self._answer.day

    async def close(self) -> None:
        """Close the connection that only reads; a second call does nothing."""
        await self._asker.close()

    def _date(self) -> dt.date:
        return day_of(micros(self._clock.now().utc), self._zone())


def counted(connection: sqlite3.Connection, span: tuple[int, int], after: int | None = None) -> Counts:
    """How often each line was passed within the span (microseconds since 1970), of rows `after` that one alone."""
    asked = {"begin": span[0], "end": span[1], "counted": after}
    rows = connection.execute(_DAY if after is None else _ADDED, asked)
    return {line: LineToday(line, entered, left) for line, entered, left in rows}


def last_crossing(connection: sqlite3.Connection) -> LastCrossing | None:
    """The passing that was written last, with the name of whoever is known; None where there is none."""
    row = connection.execute(_LAST).fetchone()
    if row is None:
        return None
    event_id, line, action, at_us, person = row
    return LastCrossing(event_id, line, action, instant_of(at_us), person)


def _looked(
    known: _Answer | None, date: dt.date, span: tuple[int, int], now_s: float, connection: sqlite3.Connection
) -> _Answer:
    """The answer by now: the known one where nothing was written since over any other connection."""
    connection.execute("BEGIN")  # what is counted, and up to which row, are of one instant
    try:
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if known is None or known.span != span:
            return _whole(connection, date, span, version, now_s)
        is_young = now_s - known.whole_s < ANEW_S
        if known.version == version and (is_young or known.whole_version == version):
            return known
        return _added(connection, known, version) if is_young else _whole(connection, date, span, version, now_s)
    finally:
        connection.execute("ROLLBACK")


def _whole(connection: sqlite3.Connection, date: dt.date, span: tuple[int, int], version: int, now_s: float) -> _Answer:
    lines = counted(connection, span)
    return _Answer(_day(connection, date, lines), span, version, _newest_row(connection), version, now_s)


def _added(connection: sqlite3.Connection, known: _Answer, version: int) -> _Answer:
    lines = _sum(known.day.lines, counted(connection, known.span, known.counted))
    day = _day(connection, known.day.date, lines)
    return replace(known, day=day, version=version, counted=_newest_row(connection))


def _day(connection: sqlite3.Connection, date: dt.date, lines: Counts) -> Day:
    return Day(date, MappingProxyType(dict(lines)), last_crossing(connection), newest(connection, MOST))


def _newest_row(connection: sqlite3.Connection) -> int:
    row: tuple[int] = connection.execute(_NEWEST).fetchone()
    return row[0]


def _sum(one: Counts, other: Counts) -> Counts:
    """Both together, by name of the line.

    >>> dict(_sum({"door": LineToday("door", 1, 2)}, {"door": LineToday("door", 0, 1)}))
    {'door': LineToday(name='door', entered=1, left=3, is_counting=True, is_gone=False)}
    """
    nothing = LineToday("", 0, 0)
    pairs = {name: (one.get(name, nothing), other.get(name, nothing)) for name in sorted({*one, *other})}
    return {name: LineToday(name, a.entered + b.entered, a.left + b.left) for name, (a, b) in pairs.items()}
