from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.schema.instants import micros
from smartlogd.store.quarters import QUARTER_US, bounds, by_day, day_of, touched

ZONES = (
    "UTC",
    "Europe/Paris",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Beirut",
)


@given(
    at=st.integers(946_684_800, 2_208_988_800).map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC)),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_every_quarter_of_an_hour_lies_in_the_one_day_of_its_instants(at: dt.datetime, zone: ZoneInfo) -> None:
    at_us = micros(at)
    begin, end = bounds(day_of(at_us, zone), zone)
    quarter = at_us // QUARTER_US * QUARTER_US
    assert begin <= quarter <= at_us < quarter + QUARTER_US <= end


@given(
    at=st.integers(946_684_800, 2_208_988_800).map(lambda second: second * 1_000_000),
    span_h=st.floats(0, 100),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_what_lasts_touches_every_day_that_it_fell_into(at: int, span_h: float, zone: ZoneInfo) -> None:
    end = at + round(span_h * 3_600_000_000)
    days = {day_of(at, zone) + dt.timedelta(days=n) for n in range((day_of(end, zone) - day_of(at, zone)).days + 1)}
    assert set(by_day(touched(at, end), zone)) == days


def test_what_is_said_to_have_lasted_for_centuries_touches_a_year() -> None:
    assert len(list(touched(0, 10**16))) < 1000


@pytest.mark.parametrize("quarter", [-1, 0, 2**40])
def test_a_stamp_out_of_all_reason_touches_no_day(quarter: int) -> None:
    assert by_day([quarter], ZoneInfo("UTC")) == {}
