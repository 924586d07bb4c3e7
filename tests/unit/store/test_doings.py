from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, EventId, Json, TrackId
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import days, doings
from smartlogd.store.begin import note, noted
from smartlogd.store.birth import arrive
from smartlogd.store.days import KEPT_FROM
from smartlogd.store.doings import COUNTED, RECOUNT, Sign
from smartlogd.store.ends import note_ends
from smartlogd.store.lasting import COLUMNS
from smartlogd.store.rows import Origin, end_of, rows_of
from smartlogd.store.writer import INSERT_EVENT

PARIS = ZoneInfo("Europe/Paris")
NOON = dt.datetime(2027, 3, 1, 12, tzinfo=PARIS)
IDS = LiveIds()
DAY = "2027-03-01"
Told = Callable[..., EventId]
Ended = Callable[[EventId, dt.datetime], None]


def stamp(at: dt.datetime, *, trusted: bool = True) -> Stamp:
    """The monotonic clock of these tests began with the year."""
    mono = at - dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    return Stamp(round(mono.total_seconds() * 1e6) * 1000, at.astimezone(dt.UTC), trusted)


@pytest.fixture
def born(database: sqlite3.Connection) -> Origin:
    return arrive(database, device="door", version="1", boot=UUID(int=1), start=stamp(NOON), machine_boot="m")


@pytest.fixture
def told(database: sqlite3.Connection, born: Origin) -> Told:
    """Writes an event; gives its id."""

    def write(
        type_: str, at: dt.datetime, end: dt.datetime | None = None, *, track: int = 1, trusted: bool = True,
        data: Mapping[str, Json] | None = None,
    ) -> EventId:  # fmt: skip
        begun = stamp(at, trusted=trusted)
        event = Event(
            IDS.event(type_, TrackId(track), begun), "door", type_, begun, IDS.subject(TrackId(track), begun),
            ended=None if end is None else stamp(end, trusted=trusted), data={"track": track, **(data or {})},
        )  # fmt: skip
        database.execute(INSERT_EVENT, rows_of(event, born).event)
        return event.id

    return write


@pytest.fixture
def ended(database: sqlite3.Connection, born: Origin) -> Ended:
    def write(event: EventId, at: dt.datetime) -> None:
        note_ends(database, [end_of(event, stamp(at), {}, born)])

    return write


def count(database: sqlite3.Connection, sign: Sign | None = None) -> int:
    changed = 0
    while days.is_due(database):
        changed += days.count(database, 1, PARIS, sign).changed
    return changed


def found(database: sqlite3.Connection, table: str = "device_metrics_daily") -> dict[str, dict[str, Any]]:
    """What each day has, that is not nought."""
    rows = database.execute(f"SELECT * FROM {table}")
    names = [column for column, *_ in rows.description]
    told = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return {row["date"]: {name: row[name] for name in COLUMNS if row[name]} for row in told}


def minutes(n: float) -> dt.timedelta:
    return dt.timedelta(minutes=n)


def test_happenings_are_counted_by_type_and_minutes_by_what_lasted(database: sqlite3.Connection, told: Told) -> None:
    told("dog_detected", NOON, NOON + minutes(10))
    told("calm", NOON + minutes(2), NOON + minutes(8))
    for type_ in ("sit", "sit", "stand", "lie", "bark", "howl", "whine", "treat_dispensed", "eating"):
        told(type_, NOON + minutes(1), NOON + minutes(2))
    told("fetch_return", NOON, data={"success": True})
    told("fetch_return", NOON, data={"success": False})
    assert count(database) > 0
    expected = {
        "sit_count": 2, "stand_count": 1, "lie_count": 1, "fetch_count": 2, "fetch_success_count": 1,
        "treats_dispensed": 1, "barks": 1, "howls": 1, "whines": 1, "time_in_frame_min": 10, "calm_minutes": 6,
    }  # fmt: skip
    assert found(database) == {DAY: expected}
    assert found(database, "ai_metrics_daily") == {DAY: expected}


def test_counting_again_changes_nothing(database: sqlite3.Connection, told: Told) -> None:
    told("dog_detected", NOON, NOON + minutes(1 / 3))
    told("sit", NOON)
    count(database)
    before = [database.execute(f"SELECT * FROM {table}").fetchall() for table in ("device_metrics_daily", "meta")]
    doings.reopen(database, [(micros(NOON), micros(NOON))])
    assert days.is_due(database)
    assert count(database) == 0
    after = [database.execute(f"SELECT * FROM {table}").fetchall() for table in ("device_metrics_daily", "meta")]
    assert after == before


def test_what_is_not_counted_is_looked_at_only_now_and_then(database: sqlite3.Connection, told: Told) -> None:
    told("eating", NOON, NOON + minutes(1))
    assert not days.is_due(database)
    assert doings.is_due(database, most=1)
    while days.count(database, 1, PARIS, most_rows=1).is_more:
        pass
    assert noted(database, COUNTED) == 1
    assert found(database) == {}


def test_a_late_event_and_a_late_end_open_their_day_again(
    database: sqlite3.Connection, told: Told, ended: Ended
) -> None:
    dog = told("dog_detected", NOON)
    told("sit", NOON + dt.timedelta(days=1))
    count(database)
    assert found(database) == {"2027-03-02": {"sit_count": 1}}, "what lasts is counted when it is over"
    ended(dog, NOON + minutes(5))
    assert days.is_due(database)
    count(database)
    told("lie", NOON)
    count(database)
    assert found(database)[DAY] == {"time_in_frame_min": 5, "lie_count": 1}
    assert not days.is_due(database)


def test_what_lasts_for_days_is_cut_at_each_midnight(database: sqlite3.Connection, told: Told, ended: Ended) -> None:
    dog = told("dog_detected", NOON)
    count(database)
    ended(dog, NOON + dt.timedelta(days=2))
    count(database)
    assert found(database) == {
        DAY: {"time_in_frame_min": 720}, "2027-03-02": {"time_in_frame_min": 1440},
        "2027-03-03": {"time_in_frame_min": 720},
    }  # fmt: skip
    told("sit", NOON + dt.timedelta(days=2, hours=3))
    count(database)
    assert found(database)["2027-03-03"] == {"time_in_frame_min": 720, "sit_count": 1}, "it is found again"


def test_a_gap_over_midnight_is_closed_on_both_sides(database: sqlite3.Connection, told: Told) -> None:
    midnight = dt.datetime(2027, 3, 2, tzinfo=PARIS)
    told("dog_detected", NOON, midnight - dt.timedelta(seconds=2))
    count(database)
    told("dog_detected", midnight + dt.timedelta(seconds=2), midnight + minutes(10), track=2)
    count(database)
    told_min = {date: numbers["time_in_frame_min"] for date, numbers in found(database).items()}
    assert told_min == {DAY: 720, "2027-03-02": 10}


@pytest.mark.parametrize(("day", "hours"), [("2027-03-28", 23), ("2027-10-31", 25), ("2027-03-01", 24)])
def test_a_day_has_as_many_hours_as_it_has(database: sqlite3.Connection, told: Told, day: str, hours: int) -> None:
    begin = dt.datetime.combine(dt.date.fromisoformat(day), dt.time.min, PARIS)
    told("dog_detected", begin - dt.timedelta(hours=5), begin.astimezone(dt.UTC) + dt.timedelta(hours=40))
    count(database)
    assert found(database)[day] == {"time_in_frame_min": 60 * hours}


def test_a_day_that_is_over_has_what_lasted_until_its_end(database: sqlite3.Connection, told: Told) -> None:
    told("dog_detected", NOON)
    midnight = dt.datetime(2027, 3, 2, tzinfo=PARIS)
    for alive, expected in ((midnight - minutes(1), {}), (midnight + minutes(1), {DAY: {"time_in_frame_min": 720}})):
        at_us, mono_us = micros(alive), stamp(alive).mono_ns // 1000
        doings.reopen(database, [(micros(NOON), micros(midnight) - 1)])
        count(database, Sign(str(UUID(int=1)), mono_us, at_us, micros(NOON)))
        assert found(database) == expected


def test_what_a_start_without_a_sign_left_open_is_not_made_up(database: sqlite3.Connection, told: Told) -> None:
    told("dog_detected", NOON)
    later = NOON + dt.timedelta(days=30)
    count(database, Sign(str(UUID(int=9)), stamp(later).mono_ns // 1000, micros(later), micros(NOON)))
    assert found(database) == {}


def test_a_sealed_row_counts_when_it_was_and_as_long_as_it_lasted(database: sqlite3.Connection, told: Told) -> None:
    wrong = NOON - dt.timedelta(days=20)
    told("dog_detected", wrong, wrong + minutes(5), trusted=False)
    count(database)
    assert set(found(database)) == {wrong.date().isoformat()}
    zero = micros(NOON) - stamp(wrong).mono_ns // 1000
    database.execute("UPDATE boots SET zero_at = ?", (zero,))
    doings.reopen(database, [(micros(at), micros(at)) for at in (wrong, NOON)])
    count(database)
    assert found(database) == {wrong.date().isoformat(): {}, DAY: {"time_in_frame_min": 5}}


def test_of_a_day_that_lost_rows_to_age_what_comes_late_is_added(database: sqlite3.Connection, told: Told) -> None:
    gone = told("sit", NOON)
    told("dog_detected", NOON, NOON + minutes(5))
    count(database)
    database.execute("DELETE FROM events WHERE event_id = ?", (str(gone),))
    note(database, KEPT_FROM, micros(NOON))
    told("sit", NOON)
    told("dog_detected", NOON, NOON + minutes(2))
    doings.reopen(database, [(micros(NOON), micros(NOON))])
    count(database)
    count(database)
    assert found(database) == {DAY: {"sit_count": 2, "time_in_frame_min": 7}}


def test_what_was_written_by_hand_does_no_harm(database: sqlite3.Connection, told: Told) -> None:
    for data, ended_at in (("no JSON", 5), ("[1]", -5), ('{"track": {"a": 1}, "success": "yes"}', 2**60)):
        event = told("fetch_return", NOON)
        dog = told("dog_detected", NOON)
        database.execute("UPDATE events SET data = ? WHERE event_id IN (?, ?)", (data, str(event), str(dog)))
        database.execute("UPDATE events SET ended_at = ? WHERE event_id = ?", (ended_at, str(dog)))
    count(database)
    assert found(database)[DAY]["fetch_count"] == 3
    assert "fetch_success_count" not in found(database)[DAY]


def test_much_is_counted_in_small_steps(database: sqlite3.Connection, told: Told) -> None:
    for number in range(10):
        told("sit", NOON + dt.timedelta(days=number))
    steps = 0
    while days.count(database, 1, PARIS, most_rows=4, most_days=2).is_more:
        steps += 1
    assert steps == 4
    assert list(found(database).values()) == [{"sit_count": 1}] * 10
    assert not days.is_due(database)
    assert noted(database, RECOUNT) is None


def test_a_forgotten_ones_minutes_stay_those_of_somebody(database: sqlite3.Connection, told: Told) -> None:
    told("person_entered", NOON, NOON + minutes(10))
    told("calm", NOON, NOON + minutes(10))
    database.execute("UPDATE events SET subject_uuid = NULL, data = '{}'")
    count(database)
    assert found(database) == {DAY: {"time_in_frame_min": 10, "calm_minutes": 10}}


def test_a_day_is_read_off_the_index_of_stamps(database: sqlite3.Connection) -> None:
    asked = {"since": 0, "begin": 0, "end": 1, "after": 0, "until": 1}
    plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {doings._BETWEEN}", asked))
    assert "ix_events_ts" in plan
    assert "SCAN events" not in plan
    assert "SCAN e" not in plan


def test_a_device_that_nobody_owns_makes_itself_an_owner_without_address(
    database: sqlite3.Connection, told: Told
) -> None:
    told("sit", NOON)
    count(database)
    owners = database.execute("SELECT id, email, role FROM users").fetchall()
    assert owners == [(1, None, "owner")]
    assert database.execute("SELECT user_id, sit_count FROM ai_metrics_daily").fetchall() == [(1, 1)]
