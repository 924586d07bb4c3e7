"""Properties of cron over any day of any zone: once a day is once a day, and every instant is one that was meant."""

from __future__ import annotations

import datetime as dt
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.cron import cron, upcoming

ZONES = st.sampled_from(
    ["UTC", "Europe/Rome", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo",
     "Africa/Casablanca", "Asia/Kolkata", "Pacific/Chatham", "America/Havana", "Atlantic/Azores", "Asia/Beirut"]
).map(ZoneInfo)  # fmt: skip
_FIRST = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
INSTANTS = st.integers(0, 20 * 366 * 86_400).map(lambda span_s: _FIRST + dt.timedelta(seconds=span_s))
FIELDS = st.tuples(
    st.sampled_from(["*", "0", "30", "*/15", "5-50/5", "7,3"]),
    st.sampled_from(["*", "0", "2", "1-3", "23", "*/6", "0,2"]),
    st.sampled_from(["*", "1", "*/10", "28-31"]),
    st.sampled_from(["*", "3", "10-11", "feb-apr"]),
    st.sampled_from(["*", "0", "7", "1-5", "sat,sun"]),
).map(" ".join)


@given(st.integers(0, 23), st.integers(0, 59), ZONES, INSTANTS)
def test_what_is_daily_happens_once_on_each_day_whatever_the_clock_does(
    hour: int, minute: int, zone: ZoneInfo, after: dt.datetime
) -> None:
    days = [at.astimezone(zone).date() for at in islice(upcoming(cron(f"{minute} {hour} * * *"), zone, after), 40)]
    assert all((later - day).days == 1 for day, later in pairwise(days))


@given(FIELDS, ZONES, INSTANTS)
def test_instants_come_in_their_order_and_a_wall_clock_shows_what_was_meant(
    fields: str, zone: ZoneInfo, after: dt.datetime
) -> None:
    meant = cron(fields)
    found = list(islice(upcoming(meant, zone, after), 30))
    assert all(earlier < later for earlier, later in pairwise([after, *found]))
    for at in found:
        local, before = at.astimezone(zone), (at - dt.timedelta(minutes=1)).astimezone(zone)
        was_skipped = local.utcoffset() != before.utcoffset()
        assert meant.meets(local) or (was_skipped and not meant.is_wall)


@given(FIELDS, ZONES, INSTANTS, st.integers(0, 20))
def test_where_one_begins_to_ask_changes_nothing(fields: str, zone: ZoneInfo, after: dt.datetime, number: int) -> None:
    found = list(islice(upcoming(cron(fields), zone, after), 25))
    if number < len(found):
        again = list(islice(upcoming(cron(fields), zone, found[number]), 24 - number))
        assert again[: len(found) - number - 1] == found[number + 1 :], "only the horizon is further away"


@given(st.integers(0, 59), ZONES, INSTANTS)
def test_what_is_hourly_by_the_wall_happens_in_every_hour(minute: int, zone: ZoneInfo, after: dt.datetime) -> None:
    found = list(islice(upcoming(cron(f"{minute} * * * *"), zone, after), 60))
    spans = [later - earlier for earlier, later in pairwise(found)]
    assert all(dt.timedelta(minutes=30) <= span <= dt.timedelta(minutes=150) for span in spans)
