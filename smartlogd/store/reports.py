"""What a day and a week came to, for people to read. Works beside a running daemon and without one.

Every answer comes from a connection that cannot write, and from the rows themselves, so that it is of this moment, also
of what lasts still. Only of days whose rows have begun to go for their age is told what was counted while they were
there.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from smartlogd.base.errors import Missing
from smartlogd.schema.instants import instant_of
from smartlogd.schema.migrate import head
from smartlogd.store import doings, life
from smartlogd.store.days import kept_from, moments
from smartlogd.store.doings import Sign
from smartlogd.store.lasting import Numbers, numbers
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.quarters import bounds
from smartlogd.store.recognise import asking, version_of
from smartlogd.store.triggers import METRICS

HOUR_US = 3_600_000_000
WEEK_D = 7
SITS, FETCHES = 5, 3
"""So many sits, or successful fetches, make a day one of a streak."""

_SUMS = ", ".join(f"coalesce(sum({column}), 0)" for column in METRICS)
_STORED = f"SELECT {_SUMS} FROM device_metrics_daily WHERE date = ?"  # noqa: S608 - constants of ours
_DAILY = """
SELECT date, sum(sit_count), sum(fetch_success_count) FROM device_metrics_daily WHERE date <= ? GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The numbers between two instants, in local time: of an hour, or of a day. Minutes have fractions."""

    begin: dt.datetime
    end: dt.datetime
    numbers: Mapping[str, int | float]


@dataclass(frozen=True, slots=True)
class Streaks:
    """On how many days in a row, up to the day or the one before, there were enough sits, and successful fetches."""

    sits: int
    fetches: int


@dataclass(frozen=True, slots=True)
class DayReport:
    """A day, its hours (23 or 25 of them when clocks are changed; none of a day long past), and its streaks."""

    date: dt.date
    day: Stretch
    hours: tuple[Stretch, ...]
    streaks: Streaks


@dataclass(frozen=True, slots=True)
class WeekReport:
    """Seven days, the oldest first, and the streaks at their end."""

    days: tuple[Stretch, ...]
    streaks: Streaks


def day(folder: Path, date: dt.date, zone: ZoneInfo) -> DayReport:
    """What the day came to; Missing (with a hint) where there is no log yet, DiskTrouble where it cannot be read."""
    with _looking(folder, zone) as look:
        hours = look.hours(date)
        return DayReport(date, look.day(date), hours, look.streaks(date))


def week(folder: Path, last: dt.date, zone: ZoneInfo) -> WeekReport:
    """What the seven days up to this one came to; errors as with `day`."""
    with _looking(folder, zone) as look:
        dates = [last - dt.timedelta(days=back) for back in reversed(range(WEEK_D))]
        return WeekReport(tuple(look.day(date) for date in dates), look.streaks(last))


@contextmanager
def _looking(folder: Path, zone: ZoneInfo) -> Iterator[_Look]:
    if version_of(folder / DATABASE) not in {None, head()}:
        raise Missing(
            f"The log in {folder} was written by an older smartlogd.",
            "Start smartlogd once (`smartlogd run`): it brings the tables up to date, and loses nothing.",
        )
    with asking(folder) as connection:
        connection.execute("BEGIN")  # all numbers are of one instant
        yield _Look(connection, zone)


class _Look:
    """One look at the log."""

    def __init__(self, connection: sqlite3.Connection, zone: ZoneInfo) -> None:
        self._connection, self._zone = connection, zone
        self._kept_from = kept_from(connection)
        self._sign: Sign | None = life.sign(connection)
        self._stale, self._longest_us = doings.stale(connection, zone)

    def day(self, date: dt.date) -> Stretch:
        begin, end = bounds(date, self._zone)
        if begin < self._kept_from:
            stored = self._connection.execute(_STORED, (date.isoformat(),)).fetchone()
            return self._stretch(begin, end, dict(zip(METRICS, stored, strict=True)))
        return self._between([begin, end])[0]

    def hours(self, date: dt.date) -> tuple[Stretch, ...]:
        begin, end = bounds(date, self._zone)
        return () if begin < self._kept_from else self._between([*range(begin, end, HOUR_US), end])

    def streaks(self, last: dt.date) -> Streaks:
        found = self._connection.execute(_DAILY, (last.isoformat(),))
        counted = {dt.date.fromisoformat(date): (sits, fetches) for date, sits, fetches in found}
        for date in (date for date in self._stale if date <= last):
            now = self.day(date).numbers
            counted[date] = now["sit_count"], now["fetch_success_count"]
        sits = {date for date, (count, _) in counted.items() if count >= SITS}
        fetches = {date for date, (_, count) in counted.items() if count >= FETCHES}
        return Streaks(_in_a_row(sits, last), _in_a_row(fetches, last))

    def _between(self, edges: Sequence[int]) -> tuple[Stretch, ...]:
        """What happened between each two neighbouring instants, on all devices together."""
        span = (edges[0], edges[-1])
        told = doings.between(self._connection, span, self._sign, at_least_us=self._longest_us)
        parts: list[Numbers] = [dict.fromkeys(METRICS, 0) for _ in edges[1:]]
        for found in told.values():
            for part, of_device in zip(parts, numbers(found, edges), strict=True):
                part.update({name: part[name] + value for name, value in of_device.items()})
        for at, is_in in moments(self._connection, *span):
            parts[bisect_right(edges, at) - 1]["in_count" if is_in else "out_count"] += 1
        return tuple(self._stretch(begin, end, part) for (begin, end), part in zip(pairwise(edges), parts, strict=True))

    def _stretch(self, begin: int, end: int, found: Mapping[str, int | float]) -> Stretch:
        begun, over = (instant_of(at).astimezone(self._zone) for at in (begin, end))
        return Stretch(begun, over, found)


def _in_a_row(days: Collection[dt.date], last: dt.date) -> int:
    """How many of these days follow each other up to the last, or to the one before it, which may not be over yet.

    >>> _in_a_row({dt.date(2026, 1, n) for n in (1, 2, 4)}, dt.date(2026, 1, 3))
    2
    """
    at, count = last if last in days else last - dt.timedelta(days=1), 0
    while at in days:
        at, count = at - dt.timedelta(days=1), count + 1
    return count
