from __future__ import annotations

import asyncio
import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, EventId, TrackId
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import days, life
from smartlogd.store.begin import begin, noted
from smartlogd.store.birth import arrive
from smartlogd.store.doings import RECOUNT
from smartlogd.store.ends import note_ends
from smartlogd.store.engine import Store
from smartlogd.store.life import MOST_NEW, begun, cut_short, is_due, known, note_life, sign
from smartlogd.store.rows import Origin, end_of, rows_of
from smartlogd.store.writer import INSERT_EVENT

UTC = ZoneInfo("UTC")
IDS = LiveIds()
Told = Callable[..., EventId]


@pytest.fixture
def born(database: sqlite3.Connection, at: Stamp) -> Origin:
    origin = arrive(database, device="door", version="1", boot=UUID(int=1), start=at, machine_boot="m")
    begun(database, origin, at)
    return origin


@pytest.fixture
def told(database: sqlite3.Connection, born: Origin) -> Told:
    def write(type_: str, stamp: Stamp, origin: Origin = born) -> EventId:
        event = Event(IDS.event(type_, TrackId(1), stamp), "door", type_, stamp, data={"track": 1})
        database.execute(INSERT_EVENT, rows_of(event, origin).event)
        return event.id

    return write


def spans(database: sqlite3.Connection) -> list[tuple[float | None, Any]]:
    """How many seconds each event took, and whether it was cut."""
    rows = database.execute("SELECT (ended_at - ts) / 1e6, data FROM events ORDER BY id")
    return [(span, json.loads(data).get("cut")) for span, data in rows]


def test_what_was_left_open_ends_at_the_last_sign_of_life(
    database: sqlite3.Connection, told: Told, born: Origin, at: Stamp
) -> None:
    told("dog_detected", at.shifted(1))
    told("sit", at.shifted(2))
    over = told("sit", at.shifted(3))
    told("bark", at.shifted(4))
    note_ends(database, [end_of(over, at.shifted(5), {}, born)])
    note_life(database, born, at.shifted(60), UTC)
    assert cut_short(database, born.boot_id) == 0, "its own are not over"
    assert cut_short(database, str(UUID(int=2))) == 2
    assert spans(database) == [(59, True), (58, True), (2, None), (None, None)]
    assert cut_short(database, str(UUID(int=2))) == 0


def test_whatever_is_in_the_log_is_a_sign_of_life_too(
    database: sqlite3.Connection, told: Told, born: Origin, at: Stamp
) -> None:
    told("dog_detected", at.shifted(1))
    sit = told("sit", at.shifted(2))
    note_ends(database, [end_of(sit, at.shifted(31), {}, born)])
    told("bark", at.shifted(21))
    cut_short(database, str(UUID(int=2)))
    assert spans(database)[0] == (30, True)


def test_each_starts_own_signs_count(database: sqlite3.Connection, told: Told, born: Origin, at: Stamp) -> None:
    other = replace(born, boot_id=str(UUID(int=2)))
    told("dog_detected", at.shifted(1))
    told("dog_detected", at.shifted(100), other)
    told("bark", at.shifted(500), other)
    cut_short(database, str(UUID(int=3)))
    assert spans(database)[:2] == [(0, True), (400, True)]


def test_a_log_of_before_there_were_signs_is_left_as_it_is(database: sqlite3.Connection, told: Told, at: Stamp) -> None:
    told("person_entered", at)
    for written in ("DELETE FROM meta WHERE key = 'life'", "INSERT INTO meta VALUES ('life', '{\"boot\": 5}')"):
        database.execute(written)
        assert cut_short(database, str(UUID(int=2))) == 0
        assert sign(database) is None
    assert spans(database) == [(None, None)]


def test_a_sign_is_noted_once_a_minute_while_something_lasts_and_nothing_else_is_written(
    database: sqlite3.Connection, told: Told, born: Origin, at: Stamp
) -> None:
    assert not is_due(database, born, at.shifted(3600)), "nothing lasts"
    dog = told("dog_detected", at.shifted(3600))
    assert not is_due(database, born, at.shifted(3650)), "its beginning is a sign"
    assert is_due(database, born, at.shifted(3661))
    note_life(database, born, at.shifted(3661), UTC)
    assert not is_due(database, born, at.shifted(3720))
    assert is_due(database, born, at.shifted(3722))
    told("bark", at.shifted(3700))
    assert not is_due(database, born, at.shifted(3722))
    note_ends(database, [end_of(dog, at.shifted(3720), {}, born)])
    assert not is_due(database, born, at.shifted(9000))


def test_what_has_to_be_looked_through_stays_little(
    database: sqlite3.Connection, told: Told, born: Origin, at: Stamp
) -> None:
    told("dog_detected", at)
    database.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'events'", (MOST_NEW,))
    told("bark", at)
    assert is_due(database, born, at)
    note_life(database, born, at, UTC)
    assert not is_due(database, born, at)
    life_ = known(database)
    assert life_ is not None
    assert (life_.open, life_.to) == ((1,), MOST_NEW + 2)
    assert cut_short(database, str(UUID(int=2))) == 1


def test_what_lasts_over_midnight_has_the_day_before_counted_again(
    database: sqlite3.Connection, told: Told, born: Origin, at: Stamp
) -> None:
    told("dog_detected", at.shifted(60))
    note_life(database, born, at.shifted(120), UTC)
    assert noted(database, RECOUNT) is None
    days.count(database, 1, UTC, sign(database))
    assert database.execute("SELECT * FROM device_metrics_daily").fetchall() == []
    to_midnight_s = (dt.datetime(2027, 3, 2, tzinfo=dt.UTC) - at.utc).total_seconds()
    note_life(database, born, at.shifted(to_midnight_s + 30), UTC)
    while days.is_due(database):
        days.count(database, 1, UTC, sign(database))
    ((date, in_view),) = database.execute("SELECT date, time_in_frame_min FROM device_metrics_daily")
    assert (date, in_view) == ("2027-03-01", pytest.approx((to_midnight_s - 60) / 60))


def test_the_sign_says_until_when_and_since_when(
    database: sqlite3.Connection, told: Told, born: Origin, at: Stamp
) -> None:
    assert sign(database) is None
    told("dog_detected", at.shifted(10))
    told("sit", at.shifted(20))
    found = sign(database)
    assert found is not None
    assert (found.boot_id, found.mono_us, found.since_us) == (
        born.boot_id,
        at.shifted(20).mono_ns // 1000,
        micros(at.shifted(10).utc),
    )


async def test_a_start_ends_what_one_that_was_killed_left_open_and_tells_the_centre(
    opener: Callable[..., Store],
) -> None:
    store = opener()
    task = asyncio.create_task(store.journal.run())
    await store.change(begin)
    now = store.now()
    event = Event(IDS.event("dog_detected", TrackId(1), now), "door", "dog_detected", now)
    await store.journal.append(event).durable()
    await store.journal.append(replace(event, id=EventId(uuid4()), type="bark", stamp=now.shifted(7))).durable()
    await store.change(lambda connection: connection.execute("DELETE FROM outbox") and None)
    task.cancel()
    await asyncio.wait({task})
    await store.close()
    store = opener()
    with closing(sqlite3.connect(store.path)) as connection:
        ((lasted, is_cut), _) = spans(connection)
        assert lasted == pytest.approx(7)
        assert is_cut
        assert connection.execute("SELECT kind, row_id FROM outbox").fetchall() == [("ended", "1")]
        found = life.known(connection)
        assert found is not None
        assert found.boot_id == store.origin.boot_id
    await store.close()
