"""The five fields of cron, on days with and without 24 hours."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from smartlogd.base.cron import cron, following, upcoming

ROME, UTC = ZoneInfo("Europe/Rome"), dt.UTC
SPRING, AUTUMN = dt.datetime(2027, 3, 27, 12, tzinfo=UTC), dt.datetime(2026, 10, 24, 12, tzinfo=UTC)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def walls(fields: str, after: dt.datetime, most: int, zone: dt.tzinfo = ROME) -> list[str]:
    """The next times as the wall clock shows them, day and offset with them."""
    found = islice(upcoming(cron(fields), zone, after), most)
    return [f"{one.astimezone(zone):%d %H:%M %z}" for one in found]


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ("0 8 * * 0", [6]), ("0 8 * * 7", [6]), ("0 8 * * 1", [0]), ("0 8 * * sun", [6]),
        ("0 8 * * 1-5", [0, 1, 2, 3, 4]), ("0 8 * * 5-7", [4, 5, 6]), ("0 8 * * 6,7", [5, 6]),
        ("0 8 * * Fri-Sun", [4, 5, 6]), ("0 8 * * */2", [1, 3, 5, 6]),
    ],
)  # fmt: skip
def test_weekdays_are_those_of_cron_and_not_those_of_python(fields: str, days: list[int]) -> None:
    found = islice(upcoming(cron(fields), UTC, at("2026-11-22T12:00")), len(days))
    assert sorted({one.weekday() for one in found}) == days


def test_a_day_fits_by_its_number_or_by_its_weekday_where_both_are_restricted() -> None:
    # 2027-02-01 is a Monday.
    assert walls("0 6 3 * mon", at("2027-01-31T12:00"), 4, UTC) == [
        "01 06:00 +0000", "03 06:00 +0000", "08 06:00 +0000", "15 06:00 +0000",
    ]  # fmt: skip


def test_a_day_fits_by_both_where_one_of_them_begins_with_an_asterisk() -> None:
    found = list(islice(upcoming(cron("0 6 */2 * mon"), UTC, at("2027-01-31T12:00")), 3))
    assert all(one.weekday() == 0 and one.day % 2 == 1 for one in found)


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [("*/20 8 * * *", [0, 20, 40]), ("5-30/10 8 * * *", [5, 15, 25]), ("7,3 8 * * *", [3, 7]), ("59 8 * * *", [59])],
)
def test_lists_ranges_and_steps_are_taken(fields: str, minutes: list[int]) -> None:
    assert sorted(cron(fields).minutes) == minutes


def test_the_instant_itself_is_not_after_itself() -> None:
    daily = cron("0 8 * * *")
    assert following(daily, UTC, at("2026-11-22T08:00")) == at("2026-11-23T08:00")
    assert following(daily, UTC, at("2026-11-22T07:59:59.999999")) == at("2026-11-22T08:00")
    assert following(daily, UTC, at("2026-11-22T08:00:00.000001")) == at("2026-11-23T08:00")


def test_a_leap_day_comes_when_it_comes() -> None:
    assert following(cron("0 0 29 2 *"), UTC, at("2026-11-22T00:00")) == at("2028-02-29T00:00")
    assert following(cron("0 0 29 2 *"), UTC, at("2096-03-01T00:00")) == at("2104-02-29T00:00")


def test_what_does_not_come_within_twelve_years_does_not_come() -> None:
    assert following(cron("0 0 29 2 */7"), UTC, at("2036-03-01T00:00")) is None  # a leap day on a Sunday


# The clock is changed ----------------------------------------------------------------------------


def test_a_time_that_is_skipped_in_spring_comes_once_as_soon_as_it_is_skipped() -> None:
    assert walls("30 2 * * *", SPRING, 2) == ["28 03:00 +0200", "29 02:30 +0200"]
    assert walls("0,15,30 2,3 * * *", SPRING, 4) == [
        "28 03:00 +0200",
        "28 03:15 +0200",
        "28 03:30 +0200",
        "29 02:00 +0200",
    ]


def test_a_time_that_comes_twice_in_autumn_happens_the_first_time() -> None:
    assert walls("30 2 * * *", AUTUMN, 2) == ["25 02:30 +0200", "26 02:30 +0100"]


def test_who_asks_between_the_two_is_told_of_the_next_day() -> None:
    between = at("2026-10-25T00:45")  # 02:45 in summer time
    assert walls("30 2 * * *", between, 1) == ["26 02:30 +0100"]


def test_what_goes_by_the_wall_neither_makes_up_nor_leaves_out() -> None:
    assert walls("30 * * * *", at("2027-03-28T00:00"), 2) == ["28 01:30 +0100", "28 03:30 +0200"]
    assert walls("30 * * * *", at("2026-10-25T00:00"), 3) == ["25 02:30 +0200", "25 02:30 +0100", "25 03:30 +0100"]
    assert walls("*/30 2 * * *", SPRING, 1) == ["29 02:00 +0200"]


def test_a_clock_that_changes_by_half_an_hour_is_understood() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert walls("15 2 * * *", at("2026-10-03T00:00"), 2, lord_howe) == ["04 02:30 +1100", "05 02:15 +1100"]
    assert walls("45 1 * * *", at("2027-04-03T00:00"), 2, lord_howe) == ["04 01:45 +1100", "05 01:45 +1030"]


def test_a_whole_day_that_a_country_skips_is_not_made_up_for() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert walls("0 8 * * *", at("2011-12-29T12:00"), 2, apia) == ["29 08:00 -1000", "31 08:00 +1400"]


def test_a_change_at_midnight_is_understood() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # on 2027-04-30 the clock goes from 00:00 to 01:00
    assert walls("0 0 * * *", at("2027-04-28T22:00"), 2, cairo) == ["30 01:00 +0300", "01 00:00 +0300"]


def test_every_minute_of_a_year_is_met_just_when_the_fields_say_so() -> None:
    fields = cron("*/7 3,11 1-9 */3 *")
    found = list(upcoming(fields, ROME, at("2026-06-01T00:00")))
    minute = dt.timedelta(minutes=1)
    expected = [
        one
        for one in (at("2026-09-01T00:00") + n * minute for n in range(40 * 1440))
        if fields.meets(one.astimezone(ROME))
    ]
    assert [one for one in found if one < at("2026-10-11T00:00") and one >= at("2026-09-01T00:00")] == expected


# What is none ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there are five fields: minute, hour, day of the month, month, weekday"),
        ("0 8 * *", "there are five fields"),
        ("0 8 * * * *", "there are five fields"),
        ("@daily", "a macro is not taken"),
        ("60 8 * * *", 'the minute "60" is not within 0 to 59'),
        ("0 24 * * *", 'the hour "24" is not within 0 to 23'),
        ("0 8 0 * *", 'the day of the month "0" is not within 1 to 31'),
        ("0 8 * 13 *", 'the month "13" is not within 1 to 12 or jan, feb'),
        ("0 8 * * 8", 'the weekday "8" is not within 0 to 7 or sun, mon'),
        ("0 8 * * monday", 'the weekday "monday"'),
        ("5/15 8 * * *", '"5/" steps without a range: write 5-59/ or */'),
        ("*/0 8 * * *", 'the step of the minute "0" is not within 1 to 59'),
        ("*/x 8 * * *", 'the step of the minute "x"'),
        ("0 22-6 * * *", 'the hour "22-6" runs backwards'),
        ("0 8 30 2 *", 'no month of "2" has a day "30"'),
        ("0 8 31 4,6,9,11 *", "no month of"),
        ("1,,2 8 * * *", 'the minute ""'),
        ("\u0663 8 * * *", "the minute"),
        ("-5 8 * * *", "the minute"),
        ("0 8 * * " + "1," * 60 + "1", "there are five fields"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason_and_an_example(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match="an example is") as refused:
        cron(text)
    assert reason in str(refused.value)


def test_the_30th_of_february_may_stand_beside_a_weekday() -> None:
    assert following(cron("0 8 30 2 mon"), UTC, at("2027-01-15T00:00")) == at("2027-02-01T08:00")
