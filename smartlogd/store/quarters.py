"""Days by the device's own midnight, and the quarters of an hour in which is noted which are to be counted anew."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from smartlogd.schema.instants import instant_of, micros
from smartlogd.store.begin import note, noted

QUARTER_US = 900_000_000
"""Midnight falls on a quarter of an hour, whichever zone's it is: a quarter lies in one day."""
_LAST_QUARTER = 281_000_000  # in the year 9983: a stamp after it is of no day
_STRIDE = 48
"""Twelve hours of quarters: no day is so short that one of them would not fall into it."""
_LONGEST_US = 400 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows of days were changed, and whether more is left to count."""

    changed: int
    is_more: bool


def bounds(day: dt.date, zone: ZoneInfo) -> tuple[int, int]:
    """When the day begins and ends, in microseconds since 1970.

    >>> begin, end = bounds(dt.date(2026, 3, 29), ZoneInfo("Europe/Paris"))
    >>> (end - begin) / 3_600_000_000
    23.0
    """
    begin, end = (
        micros(dt.datetime.combine(date, dt.time.min, zone).astimezone(dt.UTC))
        for date in (day, day + dt.timedelta(days=1))
    )
    return begin, end


def day_of(at_us: int, zone: ZoneInfo) -> dt.date:
    """The date on the device's wall at that instant."""
    return instant_of(at_us).astimezone(zone).date()


def by_day(quarters: Iterable[int], zone: ZoneInfo) -> Mapping[dt.date, list[int]]:
    """Which days these quarters lie in, the newest first; a stamp out of all reason is of none."""
    days: dict[dt.date, list[int]] = {}
    for quarter in sorted(quarters, reverse=True):
        if 0 < quarter < _LAST_QUARTER:
            days.setdefault(day_of(quarter * QUARTER_US, zone), []).append(quarter)
    return days


def touched(begin: int, end: int) -> Iterator[int]:
    """Quarters of which one at least lies in each day between two instants; of more than a year the last.

    >>> list(touched(0, 1)), len(list(touched(0, 86_400_000_000)))
    ([0], 3)
    """
    last = end // QUARTER_US
    yield from range(max(begin, end - _LONGEST_US) // QUARTER_US, last, _STRIDE)
    yield last


def noted_quarters(connection: sqlite3.Connection, key: str) -> set[int]:
    """The quarters that `meta` has under the key."""
    found = noted(connection, key)
    return {quarter for quarter in found if isinstance(quarter, int)} if isinstance(found, list) else set()


def note_quarters(connection: sqlite3.Connection, key: str, quarters: Collection[int]) -> None:
    """Let `meta` have these, and no others, under the key."""
    if quarters:
        note(connection, key, sorted(quarters))
    else:
        connection.execute("DELETE FROM meta WHERE key = ?", (key,))
