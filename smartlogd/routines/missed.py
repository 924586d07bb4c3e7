"""What a routine missed while the device was off, and whether it is made up for. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import islice, takewhile

from smartlogd.base.cron import Cron, upcoming

MOST_COUNTED = 1000
"""More than these are not counted: a routine of every minute, and a device that was off for a day."""


@dataclass(frozen=True, slots=True)
class Missed:
    """So many times, at most `MOST_COUNTED`, the first and the last of them; `is_late` where it is too late by now."""

    times: int
    first: dt.datetime
    last: dt.datetime
    is_late: bool


def missed(
    times: Cron, zone: dt.tzinfo, *, since: dt.datetime, now: dt.datetime, within: dt.timedelta
) -> Missed | None:
    """What was due after `since` and up to `now`; None where nothing was.

    >>> from smartlogd.base.cron import cron
    >>> noon, hour = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), dt.timedelta(hours=1)
    >>> found = missed(cron("0 8 * * *"), dt.UTC, since=noon - 72 * hour, now=noon, within=hour)
    >>> found.times, found.last.hour, found.is_late
    (3, 8, True)
    """
    due = list(islice(_until(times, zone, since, now), MOST_COUNTED))
    if not due:
        return None
    last, recent = due[-1], max(since, now - within)
    is_late = True
    for one in _until(times, zone, recent, now):
        last, is_late = max(last, one), False
    return Missed(len(due), due[0], last, is_late)


def _until(times: Cron, zone: dt.tzinfo, since: dt.datetime, now: dt.datetime) -> takewhile[dt.datetime]:
    return takewhile(lambda due: due <= now, upcoming(times, zone, since))
