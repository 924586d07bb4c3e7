"""What was counted since the device's own midnight, and what happened last."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.health import LineToday
from smartlogd.base.known import Event, SubjectId
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import days, today
from smartlogd.store.engine import Store
from smartlogd.store.today import Day, Today, counted, last_crossing

Opener = Callable[..., Store]
Maker = Callable[..., Event]
PARIS, UTC = ZoneInfo("Europe/Paris"), ZoneInfo("UTC")
DAY = dt.date(2027, 3, 1)


class HandClock:
    """A clock that is set by hand."""

    def __init__(self, stamp: Stamp) -> None:
        self.stamp = stamp

    def now(self) -> Stamp:
        return self.stamp

    def set(self, text: str) -> Stamp:
        at = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
        self.stamp = Stamp(self.stamp.mono_ns + 1_000_000_000, at, trusted=True)
        return self.stamp


@pytest.fixture
def clock(at: Stamp) -> HandClock:
    return HandClock(at)


def passed(day: Day) -> dict[str, tuple[int, int]]:
    return {name: (line.entered, line.left) for name, line in day.lines.items()}


async def durable(store: Store, *events: Event) -> None:
    for event in events:
        await store.journal.append(event).durable()


def untouched(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Notes each counting, with the row after which was counted, None for all."""
    noted: list[int | None] = []

    def counting(connection: sqlite3.Connection, span: tuple[int, int], after: int | None = None) -> Any:
        noted.append(after)
        return counted(connection, span, after)

    monkeypatch.setattr(today, "counted", counting)
    return noted


async def test_a_day_counts_what_passed_each_line_since_midnight_and_tells_what_was_last(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp
) -> None:
    subject = SubjectId(uuid4())
    async with running(opener(clock=clock)) as store:
        seen = Today(store, clock, lambda: UTC)
        assert await seen.look() == Day(DAY)
        newest = crossing(stamp=at, line="yard", action="O", subject=subject)
        await durable(store, crossing(stamp=at.shifted(-13 * 3600)), crossing(stamp=at.shifted(-3600)), newest)
        day = await seen.look()
        assert day.date == DAY
        assert day.lines == {"door": LineToday("door", 1, 0), "yard": LineToday("yard", 0, 1)}
        assert day.last is not None
        assert (day.last.event_id, day.last.line, day.last.action) == (str(newest.id), "yard", "O")
        assert (day.last.at, day.last.person) == (at.utc, None)
        assert day.events[0].event_id == str(newest.id)
        assert seen.day == day
        await seen.close()


async def test_while_nothing_is_written_nothing_is_counted_and_new_rows_are_added_to_what_was(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = untouched(monkeypatch)
    async with running(opener(clock=clock)) as store:
        await durable(store, crossing(stamp=at), crossing(stamp=at.shifted(-1)))
        seen = Today(store, clock, lambda: UTC)
        first = await seen.look()
        assert await seen.look() is first
        assert noted == [None]
        await durable(store, crossing(stamp=at, action="O"), crossing(stamp=at.shifted(-86_400)))
        assert passed(await seen.look()) == {"door": (2, 1)}
        assert passed(await seen.look()) == {"door": (2, 1)}
        assert noted == [None, 2]
        await seen.close()


async def test_rows_that_were_dated_anew_are_counted_anew_within_a_minute(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [100.0]
    monkeypatch.setattr(today, "monotonic_s", lambda: now_s[0])
    yesterday = Stamp(7_000_000_000, at.utc - dt.timedelta(days=1), trusted=False)
    async with running(opener(clock=clock)) as store:
        seen = Today(store, clock, lambda: UTC)
        await durable(store, crossing(stamp=yesterday), crossing(stamp=at))
        assert passed(await seen.look()) == {"door": (1, 0)}
        zero = micros(at.utc) - yesterday.mono_ns // 1000
        await store.change(lambda connection: connection.execute("UPDATE boots SET zero_at = ?", (zero,)))
        assert passed(await seen.look()) == {"door": (1, 0)}
        now_s[0] += 61
        assert passed(await seen.look()) == {"door": (2, 0)}, "although nothing was written since the last look"
        noted = untouched(monkeypatch)
        now_s[0] += 61
        await seen.look()
        assert noted == [], "all of it is counted"
        await seen.close()


async def test_the_day_turns_at_the_midnight_of_the_device(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock
) -> None:
    async with running(opener(clock=clock)) as store:
        seen = Today(store, clock, lambda: PARIS)
        late = clock.set("2027-03-01T23:59:59.5+01:00")
        await durable(store, crossing(stamp=late))
        assert passed(await seen.look()) == {"door": (1, 0)}
        after = clock.set("2027-03-02T00:00:00+01:00")
        assert (seen.day.date, passed(seen.day)) == (dt.date(2027, 3, 2), {}), "also before anyone looks"
        assert seen.day.last is not None
        assert passed(await seen.look()) == {}
        await durable(store, crossing(stamp=after, action="O"))
        assert passed(await seen.look()) == {"door": (0, 1)}
        clock.set("2027-03-01T23:00:00+01:00")
        assert passed(await seen.look()) == {"door": (1, 0)}, "a clock that steps back is in the day it says"
        await seen.close()


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("2027-03-28T00:00+01:00", "2027-03-29T00:00+02:00", 23),
        ("2027-10-31T00:00+02:00", "2027-11-01T00:00+01:00", 25),
    ],
)
async def test_a_day_on_which_the_clocks_change_is_shorter_or_longer(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, begin: str, end: str, hours: int
) -> None:
    first, beyond = clock.set(begin), clock.set(end)
    assert beyond.utc - first.utc == dt.timedelta(hours=hours)
    async with running(opener(clock=clock)) as store:
        seen = Today(store, clock, lambda: PARIS)
        for stamp in (first.shifted(-1), first, beyond.shifted(-1), beyond):
            await durable(store, crossing(stamp=stamp))
        clock.stamp = first.shifted(hours * 1800)
        assert passed(await seen.look()) == {"door": (2, 0)}
        await seen.close()


async def test_a_zone_that_is_set_anew_is_another_day(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock
) -> None:
    zone = [UTC]
    async with running(opener(clock=clock)) as store:
        seen = Today(store, clock, lambda: zone[0])
        await durable(store, crossing(stamp=clock.set("2027-03-01T23:30+00:00")))
        assert passed(await seen.look()) == {"door": (1, 0)}
        clock.set("2027-03-01T22:30+00:00")
        zone[0] = PARIS
        assert passed(await seen.look()) == {}
        zone[0] = ZoneInfo("Pacific/Auckland")
        assert (await seen.look()).date == dt.date(2027, 3, 2)
        assert passed(seen.day) == {"door": (1, 0)}
        await seen.close()


async def test_a_day_has_the_numbers_that_its_row_has(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, folder: Path
) -> None:
    async with running(opener(clock=clock)) as store:
        for number in range(40):
            await durable(store, crossing(stamp=at.shifted(number * 3600.0 - 72_000), action="IO"[number % 3 == 0]))
        await store.change(lambda connection: days.count(connection, store.origin.device_id, PARIS))
        seen = Today(store, clock, lambda: PARIS)
        (line,) = (await seen.look()).lines.values()
        await seen.close()
    question = "SELECT in_count, out_count FROM device_metrics_daily WHERE date = ?"
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        assert connection.execute(question, (DAY.isoformat(),)).fetchone() == (line.entered, line.left)


async def test_who_is_named_later_or_forgotten_is_told_so(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp
) -> None:
    row = "INSERT INTO users (id, uid, name, role, created_at, updated_at) VALUES (9, ?, 'Ada', 'member', 0, 0)"
    async with running(opener(clock=clock)) as store:
        seen = Today(store, clock, lambda: UTC)
        await durable(store, crossing(stamp=at))
        await seen.look()
        await store.change(lambda connection: connection.execute(row, (str(uuid4()),)))
        for change, name in (
            ("UPDATE subjects SET user_id = 9", None),
            ("UPDATE smartlog SET user_id = 9", "Ada"),
            ("UPDATE users SET forgotten_at = 1", None),
        ):
            await store.change(lambda connection, change=change: connection.execute(change))
            day = await seen.look()
            assert day.last is not None
            assert day.last.person == name
        assert [told.person for told in day.events] == [None]
        await seen.close()


@pytest.mark.parametrize(
    ("question", "walks"),
    [("_DAY", "ix_smartlog_timestamp"), ("_ADDED", "INTEGER PRIMARY KEY"), ("_LAST", "SCAN s")],
)
def test_no_question_reads_the_log_of_a_year(database: sqlite3.Connection, question: str, walks: str) -> None:
    asked = {"begin": 1, "end": 2, "counted": 3}
    plan = database.execute(f"EXPLAIN QUERY PLAN {getattr(today, question)}", asked).fetchall()
    steps = [str(row[3]) for row in plan if str(row[3]).split()[1] == "s"]
    assert walks in steps[0]
    assert question == "_LAST" or all("SEARCH" in step for step in steps), steps


def test_rows_written_by_hand_are_no_last_crossing(database: sqlite3.Connection) -> None:
    assert last_crossing(database) is None
    database.execute("INSERT INTO smartlog (uuid, action, timestamp, line) VALUES ('a', 'I', 5, 'door')")
    database.execute("INSERT INTO smartlog (uuid, action, timestamp) VALUES ('a', 'I', 5)")
    assert last_crossing(database) is None
    assert counted(database, (0, 10)) == {"door": LineToday("door", 1, 0)}


async def test_a_database_that_cannot_be_read_is_told_and_looked_at_again(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, folder: Path
) -> None:
    async with running(opener(clock=clock)) as store:
        seen = Today(store, clock, lambda: UTC)
        store.path.rename(folder / "away.db")
        with pytest.raises(DiskTrouble):
            await seen.look()
        (folder / "away.db").rename(store.path)
        await durable(store, crossing(stamp=at))
        assert passed(await seen.look()) == {"door": (1, 0)}
        await seen.close()
