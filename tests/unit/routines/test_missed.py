"""What was missed while nobody was there."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from smartlogd.base.cron import cron
from smartlogd.routines.missed import MOST_COUNTED, Missed, missed

NOW = dt.datetime(2027, 3, 1, 8, 20, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
DAILY = cron("0 8 * * *")


def found(fields: str, since: dt.datetime, within: dt.timedelta = HOUR) -> Missed | None:
    return missed(cron(fields), dt.UTC, since=since, now=NOW, within=within)


def test_what_was_due_a_moment_ago_is_not_too_late() -> None:
    eight = NOW.replace(minute=0)
    assert found("0 8 * * *", NOW - HOUR) == Missed(1, eight, eight, is_late=False)
    assert found("0 8 * * *", NOW - HOUR, HOUR / 4) == Missed(1, eight, eight, is_late=True)
    assert found("0 8 * * *", eight) is None, "that one was not missed"


def test_all_that_was_missed_is_counted_and_the_last_is_the_one_to_be_made_up_for() -> None:
    eight = NOW.replace(minute=0)
    assert found("0 8 * * *", NOW - 10 * DAY) == Missed(10, eight - 9 * DAY, eight, is_late=False)
    assert found("0 7 * * *", NOW - 2 * DAY) == Missed(2, eight - HOUR - DAY, eight - HOUR, is_late=True)


def test_a_routine_of_every_minute_is_counted_no_further_than_makes_sense() -> None:
    seen = found("* * * * *", NOW - 10 * DAY)
    assert seen is not None
    assert (seen.times, seen.last, seen.is_late) == (MOST_COUNTED, NOW, False)


def test_a_clock_that_was_ahead_leaves_nothing_missed() -> None:
    assert found("* * * * *", NOW + DAY) is None


def test_the_hour_that_was_skipped_was_missed_once() -> None:
    now = dt.datetime(2027, 3, 28, 1, 10, tzinfo=dt.UTC)
    seen = missed(cron("30 2 * * *"), ZoneInfo("Europe/Rome"), since=now - HOUR, now=now, within=HOUR)
    assert seen is not None
    assert (seen.times, seen.last) == (1, now.replace(minute=0))
