from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.schema.instants import EPOCH, instant_of, micros

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))


@given(st.datetimes(EPOCH.replace(year=2, tzinfo=None), EPOCH.replace(year=9999, tzinfo=None), timezones=zones))
def test_an_instant_survives_to_the_microsecond_from_any_time_zone(instant: dt.datetime) -> None:
    back = instant_of(micros(instant))
    assert back == instant
    assert back.tzinfo is dt.UTC


@given(st.integers(-(10**15), 10**16), st.integers(-(10**15), 10**16))
def test_microseconds_sort_as_instants_do(one: int, other: int) -> None:
    assert (instant_of(one) < instant_of(other)) == (one < other)


def test_a_naive_datetime_names_no_instant() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        micros(dt.datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_epoch_is_nought() -> None:
    assert micros(EPOCH) == 0
