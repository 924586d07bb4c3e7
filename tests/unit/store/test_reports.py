from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.known import Event, EventId, Json, SubjectId
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import days, reports
from smartlogd.store.begin import note
from smartlogd.store.birth import arrive
from smartlogd.store.life import begun
from smartlogd.store.rows import Origin, rows_of
from smartlogd.store.tables import make_tables
from smartlogd.store.triggers import METRICS
from smartlogd.store.writer import INSERT_EVENT, INSERT_PASSING, UPSERT_SUBJECT

ROME = ZoneInfo("Europe/Rome")
DAY = dt.date(2027, 3, 1)
NOON = dt.datetime(2027, 3, 1, 12, tzinfo=ROME)
Told = Callable[..., None]


def stamp(at: dt.datetime) -> Stamp:
    return Stamp(round((at - dt.datetime(2027, 1, 1, tzinfo=dt.UTC)).total_seconds() * 1e9), at, trusted=True)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    make_tables(tmp_path / "smartlog.db")
    return tmp_path


@pytest.fixture
def origin(database: Path) -> Origin:
    start = stamp(NOON - dt.timedelta(days=30))
    with closing(sqlite3.connect(database / "smartlog.db")) as connection, connection:
        born = arrive(connection, device="door", version="1", boot=UUID(int=1), start=start)
        begun(connection, born, start)
        return born


@pytest.fixture
def told(database: Path, origin: Origin) -> Told:
    """Writes an event, as a running daemon does."""

    def write(type_: str, at: dt.datetime, minutes: float | None = None, **data: Json) -> None:
        ended = None if minutes is None else stamp(at + dt.timedelta(minutes=minutes))
        event = Event(
            EventId(uuid4()), "door", type_, stamp(at), SubjectId(uuid4()), ended=ended, data={"track": 1, **data}
        )
        rows = rows_of(event, origin)
        with closing(sqlite3.connect(database / "smartlog.db")) as connection, connection:
            connection.execute(INSERT_EVENT, rows.event)
            if rows.passing:
                connection.execute(INSERT_PASSING, rows.passing)
                connection.execute(UPSERT_SUBJECT, (rows.subject, 0, 0, rows.at_us, rows.at_us))

    return write


def count(database: Path) -> None:
    with closing(sqlite3.connect(database / "smartlog.db")) as connection, connection:
        while days.is_due(connection):
            days.count(connection, 1, ROME)


def sits(told: Told, day: dt.date, many: int) -> None:
    for minute in range(many):
        told("sit", dt.datetime.combine(day, dt.time(9, minute), ROME))


def test_a_day_is_told_from_its_rows_before_anyone_counted_it(database: Path, told: Told) -> None:
    told("dog_detected", NOON - dt.timedelta(minutes=10), 30)
    told("calm", NOON, 6)
    told("sit", NOON)
    told("crossing", NOON, line="door", action="I", confidence=0.5)
    report = reports.day(database, DAY, ROME)
    numbers = {name: value for name, value in report.day.numbers.items() if value}
    assert numbers == {"time_in_frame_min": 30, "calm_minutes": 6, "sit_count": 1, "in_count": 1}
    assert report.day.begin == dt.datetime(2027, 3, 1, tzinfo=ROME)
    busy = {hour.begin.hour: hour.numbers["time_in_frame_min"] for hour in report.hours if any(hour.numbers.values())}
    assert busy == {11: 10, 12: 20}
    for name in report.day.numbers:
        assert sum(hour.numbers[name] for hour in report.hours) == pytest.approx(report.day.numbers[name])


def test_what_is_told_is_what_is_counted(database: Path, told: Told) -> None:
    told("dog_detected", NOON - dt.timedelta(hours=14), 60 * 14 + 1 / 3)
    told("calm", NOON - dt.timedelta(hours=13), 7.7)
    told("bark", NOON)
    count(database)
    for date in (DAY, DAY - dt.timedelta(days=1)):
        with closing(sqlite3.connect(database / "smartlog.db")) as connection:
            columns = ", ".join(METRICS)
            row = connection.execute(
                f"SELECT {columns} FROM device_metrics_daily WHERE date = ?", (date.isoformat(),)
            ).fetchone()
        assert row == tuple(reports.day(database, date, ROME).day.numbers.values())


def test_what_lasts_still_counts_up_to_the_last_sign_of_life(database: Path, told: Told) -> None:
    told("dog_detected", NOON)
    told("bark", NOON + dt.timedelta(minutes=7))
    assert reports.day(database, DAY, ROME).day.numbers["time_in_frame_min"] == 7


@pytest.mark.parametrize(("date", "hours"), [("2027-03-28", 23), ("2027-10-31", 25), ("2027-03-01", 24)])
def test_a_day_has_its_hours(database: Path, origin: Origin, date: str, hours: int) -> None:
    report = reports.day(database, dt.date.fromisoformat(date), ROME)
    assert len(report.hours) == hours
    assert report.hours[0].begin == report.day.begin
    assert report.hours[-1].end == report.day.end
    assert origin.device == "door"


def test_the_hour_that_comes_twice_is_told_twice(database: Path, told: Told) -> None:
    twice = dt.datetime(2027, 10, 31, 2, 30, tzinfo=ROME)
    told("sit", twice)
    told("sit", twice.replace(fold=1))
    told("sit", twice.replace(fold=1))
    report = reports.day(database, twice.date(), ROME)
    found = [(hour.begin.utcoffset(), hour.numbers["sit_count"]) for hour in report.hours if hour.begin.hour == 2]
    assert found == [(dt.timedelta(hours=2), 1), (dt.timedelta(hours=1), 2)]


def test_of_a_day_long_past_is_told_what_was_counted(database: Path, told: Told) -> None:
    sits(told, DAY, 3)
    count(database)
    with closing(sqlite3.connect(database / "smartlog.db")) as connection, connection:
        connection.execute("DELETE FROM events")
        note(connection, days.KEPT_FROM, micros(NOON))
    report = reports.day(database, DAY, ROME)
    assert (report.day.numbers["sit_count"], report.hours) == (3, ())
    assert reports.day(database, DAY - dt.timedelta(days=1), ROME).day.numbers["sit_count"] == 0


def test_a_week_is_seven_days_the_oldest_first(database: Path, told: Told) -> None:
    for back in range(8):
        sits(told, DAY - dt.timedelta(days=back), back + 1)
    week = reports.week(database, DAY, ROME)
    assert [one.begin.date() for one in week.days] == [DAY - dt.timedelta(days=back) for back in range(6, -1, -1)]
    assert [one.numbers["sit_count"] for one in week.days] == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("is_counted", [True, False])
def test_a_streak_ends_today_or_yesterday_and_a_day_of_too_little_breaks_it(
    database: Path, told: Told, *, is_counted: bool
) -> None:
    for back, many in enumerate([4, 5, 9, 5, 4, 5]):
        sits(told, DAY - dt.timedelta(days=back), many)
    for number in range(7):
        told("fetch_return", NOON - dt.timedelta(days=number // 4), success=number != 2)
    if is_counted:
        count(database)
    assert reports.day(database, DAY, ROME).streaks == reports.Streaks(sits=3, fetches=2)
    sits(told, DAY, 1)
    assert reports.day(database, DAY, ROME).streaks.sits == 4
    assert reports.week(database, DAY - dt.timedelta(days=4), ROME).streaks.sits == 1
    assert reports.day(database, DAY + dt.timedelta(days=2), ROME).streaks == reports.Streaks(0, 0)


def test_without_a_log_there_is_a_hint(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no log"):
        reports.day(tmp_path, DAY, ROME)


def test_a_log_of_an_older_smartlogd_is_brought_up_first(database: Path) -> None:
    with closing(sqlite3.connect(database / "smartlog.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    with pytest.raises(Missing, match="older smartlogd"):
        reports.week(database, DAY, ROME)


async def test_it_is_read_beside_a_transaction_that_writes(database: Path, told: Told) -> None:
    sits(told, DAY, 2)
    with closing(sqlite3.connect(database / "smartlog.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM events")
        report = await asyncio.to_thread(reports.day, database, DAY, ROME)
        connection.execute("ROLLBACK")
    assert report.day.numbers["sit_count"] == 2
