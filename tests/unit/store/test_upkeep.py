from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from clockwork import turning
from reels import files, shelved, wanted

import smartlogd.store.upkeep
from smartlogd.base.known import Event
from smartlogd.base.time import Stamp
from smartlogd.base.who import Recognition
from smartlogd.routines.schedule import Schedule
from smartlogd.store.backups import backups
from smartlogd.store.begin import begin
from smartlogd.store.engine import Store
from smartlogd.store.log import passings
from smartlogd.store.options import StoreOptions
from smartlogd.store.seal import Sealed
from smartlogd.store.upkeep import Upkeep

Opener = Callable[..., Store]
Maker = Callable[..., Event]
KERNEL = str(uuid4())
UTC = ZoneInfo("UTC")


class HandClock:
    """A clock that is set by hand."""

    def __init__(self, stamp: Stamp) -> None:
        self.stamp = stamp

    def now(self) -> Stamp:
        return self.stamp


@pytest.fixture
def clock(at: Stamp) -> HandClock:
    """Forty days behind, and not trusted."""
    return HandClock(Stamp(at.mono_ns, at.utc - dt.timedelta(days=40), trusted=False))


def upkeep_of(store: Store, clock: HandClock, **options: Any) -> Upkeep:
    return Upkeep(store, clock, lambda: UTC, lambda: StoreOptions(**{"keep_free_mib": 0, **options}))


def rows(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        return connection.execute(query).fetchall()


async def test_a_clock_that_comes_to_be_trusted_dates_the_log_and_its_days(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, folder: Path
) -> None:
    async with running(opener(clock=clock, machine_boot=KERNEL)) as store:
        upkeep = upkeep_of(store, clock)
        await store.journal.append(crossing(stamp=clock.now())).durable()
        assert await upkeep.sealed() == Sealed(0, 0)
        assert await upkeep.counted() == 2
        clock.stamp = at.shifted(20)
        assert await upkeep.sealed() == Sealed(2, 0)
        assert await upkeep.sealed() == Sealed(0, 0)
        assert await upkeep.counted() == 4
        await upkeep.close()
        assert await upkeep.counted() == 0, "it may be begun again"
        await upkeep.close()
    assert [(row.at, row.trusted) for row in passings(folder)] == [(at.utc, True)]
    found = rows(folder, "SELECT date, in_count FROM ai_metrics_daily ORDER BY 1")
    assert found == [("2027-01-20", 0), ("2027-03-01", 1)]


async def test_a_disk_with_little_room_gives_up_recordings_and_tells(
    opener: Opener, running: Any, clock: HandClock, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "smartlogd.store")
    clip = (
        "INSERT INTO clips (user_id, device_id, event_id, path, labels, phase, start_ts, duration_ms)"
        " VALUES (1, 1, 'e', 'clip', '[]', 'kept', 0, 1)"
    )
    async with running(opener(clock=clock)) as store:
        (folder / "clip").write_bytes(b"x" * 100)
        await store.change(lambda connection: connection.execute(clip))
        upkeep = upkeep_of(store, clock, keep_free_mib=1_048_576)
        assert await upkeep.relieved() == 1
        assert await upkeep.relieved() == 0
        await upkeep.close()
    told = [json.loads(data) for (data,) in rows(folder, "SELECT data FROM events WHERE type = 'loss'")]
    assert [(loss["what"], loss["count"], loss["bytes"]) for loss in told] == [("clips", 1, 100)]
    assert [record.message for record in caplog.records] == ["little room is left"]


async def test_a_picture_that_was_left_out_is_told_when_the_log_is_well(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, folder: Path
) -> None:
    async with running(opener(clock=clock)) as store:
        event = crossing(stamp=at)
        store.journal.append(event)
        assert event.subject is not None
        await store.journal.learn(Recognition(event.subject, at, crop=b"")).durable()
        upkeep = upkeep_of(store, clock)
        for _ in range(2):
            await upkeep.relieved()
        await upkeep.close()
    told = [json.loads(data) for (data,) in rows(folder, "SELECT data FROM events WHERE type = 'loss'")]
    assert told == [{"what": "pictures", "count": 1, "bytes": 0, "from": at.utc.isoformat(), "to": at.utc.isoformat()}]


async def test_old_rows_go_once_the_centre_has_them_and_their_day_is_counted(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, folder: Path
) -> None:
    clock.stamp = at
    async with running(opener(clock=clock)) as store:
        await store.change(begin)
        for number in range(3):
            await store.journal.append(crossing(stamp=at.shifted(-40 * 86_400 + number))).durable()
        upkeep = upkeep_of(store, clock)
        assert await upkeep.let_go() == 0
        await store.change(lambda connection: connection.execute("DELETE FROM outbox WHERE seq < 3"))
        assert await upkeep.let_go() == 0, "not counted yet"
        await upkeep.counted()
        assert await upkeep.let_go() == 2
        assert await upkeep.let_go() == 0
        await upkeep.counted()
        await upkeep.close()
    assert rows(folder, "SELECT count(*) FROM smartlog") == [(1,)]
    assert rows(folder, "SELECT in_count FROM device_metrics_daily") == [(3,)]


def scheduled(upkeep: Upkeep, clock: HandClock) -> Schedule:
    schedule = Schedule(lambda: UTC, clock)
    for chore in upkeep.jobs():
        schedule.every(chore.name, chore.when, chore.work)
    return schedule


async def test_everything_is_done_in_its_turn_until_the_daemon_stops(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(smartlogd.store.upkeep, "SEAL_S", 0.02)
    monkeypatch.setattr(smartlogd.store.upkeep, "COUNT_S", 0.02)
    async with running(opener(clock=clock, machine_boot=KERNEL)) as store:
        upkeep = upkeep_of(store, clock)
        async with turning(scheduled(upkeep, clock)):
            await store.journal.append(crossing(stamp=clock.now())).durable()
            clock.stamp = at.shifted(5)
            async with asyncio.timeout(5):
                while rows(folder, "SELECT max(in_count) FROM ai_metrics_daily WHERE date = '2027-03-01'") != [(1,)]:
                    await asyncio.sleep(0.02)
        await upkeep.close()


async def test_a_database_that_is_away_is_said_once_and_asked_again(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, folder: Path,
) -> None:  # fmt: skip
    for name in ("SEAL_S", "LIFE_S", "COUNT_S"):
        monkeypatch.setattr(smartlogd.store.upkeep, name, 0.02)
    async with running(opener(clock=clock)) as store:
        upkeep = upkeep_of(store, clock)
        await store.journal.append(crossing(stamp=clock.now())).durable()
        store.path.rename(folder / "away.db")
        async with turning(scheduled(upkeep, clock)):
            async with asyncio.timeout(5):
                while not caplog.records:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)
            assert [record.message for record in caplog.records] == ["job failed"]
            (folder / "away.db").rename(store.path)
            async with asyncio.timeout(5):
                while rows(folder, "SELECT in_count FROM ai_metrics_daily") != [(1,)]:
                    await asyncio.sleep(0.02)
        await upkeep.close()


async def test_one_thing_at_a_time_is_done(opener: Opener, running: Any, clock: HandClock) -> None:
    together, most = 0, 0

    class Watched(Upkeep):
        async def sealed(self) -> Sealed:
            nonlocal together, most
            together += 1
            most = max(most, together)
            await asyncio.sleep(0.01)
            together -= 1
            return Sealed(0, 0)

        counted = relieved = let_go = sealed  # type: ignore[assignment]

    async with running(opener(clock=clock)) as store:
        upkeep = Watched(store, clock, lambda: UTC, lambda: StoreOptions(keep_free_mib=0))
        await asyncio.gather(*(chore.work() for chore in upkeep.jobs() if chore.name != "backup"))
        await upkeep.close()
    assert most == 1


async def test_the_log_is_copied_where_that_is_wanted(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, folder: Path
) -> None:
    clock.stamp = at
    async with running(opener(clock=clock)) as store:
        await store.journal.append(crossing(stamp=at)).durable()
        assert "backup" not in {chore.name for chore in upkeep_of(store, clock, backup_cron="").jobs()}
        upkeep = upkeep_of(store, clock)
        (copying,) = (chore for chore in upkeep.jobs() if chore.name == "backup")
        assert copying.when == "30 3 * * 0"
        await copying.work()
        await upkeep.close()
    assert [path.name for path in backups(folder)] == ["smartlog-20270301T120000Z.db"]
    with closing(sqlite3.connect(backups(folder)[0])) as connection:
        assert connection.execute("SELECT count(*) FROM smartlog").fetchone() == (1,)


async def test_recordings_go_when_they_were_kept_long_enough(
    opener: Opener, running: Any, clock: HandClock, at: Stamp, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.store")
    clock.stamp = at
    async with running(opener(clock=clock)) as store:
        for number in range(60):
            old = wanted(at.shifted(number - 40 * 86_400))
            await store.change(partial(shelved, origin=store.origin, folder=folder, recording=old))
        upkeep = Upkeep(store, clock, lambda: UTC, lambda: StoreOptions(media_keep_d=50), lambda: False)
        assert await upkeep.thinned() == 0
        assert rows(folder, "SELECT count(*) FROM meta WHERE key = 'objects_since'") == [(1,)]
        waits = Upkeep(store, clock, lambda: UTC, lambda: StoreOptions(media_keep_d=30), lambda: True)
        assert await waits.thinned() == 0, "the object store is to have them first"
        upkeep = Upkeep(store, clock, lambda: UTC, lambda: StoreOptions(media_keep_d=30), lambda: False)
        assert await upkeep.thinned() == 60
        assert await upkeep.thinned() == 0
        for one in (upkeep, waits):
            await one.close()
    assert files(folder) == set()
    assert [record.message for record in caplog.records].count("recordings let go") == 1


async def test_what_lasts_is_told_of_once_a_minute_and_counted_when_it_is_over(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, folder: Path
) -> None:
    clock.stamp = at
    async with running(opener(clock=clock, machine_boot=KERNEL)) as store:
        upkeep = upkeep_of(store, clock)
        assert not await upkeep.lived()
        event = replace(crossing(stamp=at), type="dog_detected")
        await store.journal.append(event).durable()
        assert not await upkeep.lived()
        clock.stamp = at.shifted(61)
        assert await upkeep.lived()
        assert not await upkeep.lived()
        assert await upkeep.counted() == 0
        await store.journal.end(event.id, at.shifted(90), {}).durable()
        assert await upkeep.counted() == 2
        clock.stamp = at.shifted(600)
        assert not await upkeep.lived()
        await upkeep.close()
    assert rows(folder, "SELECT time_in_frame_min FROM ai_metrics_daily") == [(1.5,)]


async def test_a_dog_that_is_seen_before_the_clock_is_set_is_in_view_as_long_as_it_was(
    opener: Opener, running: Any, crossing: Maker, clock: HandClock, at: Stamp, folder: Path
) -> None:
    async with running(opener(clock=clock, machine_boot=KERNEL)) as store:
        upkeep = upkeep_of(store, clock)
        dog, other = (replace(crossing(stamp=clock.now()), type="dog_detected") for _ in range(2))
        store.journal.append(dog)
        await store.journal.append(other).durable()
        await store.journal.end(dog.id, clock.now().shifted(60), {}).durable()
        assert await upkeep.counted() == 2
        clock.stamp = at.shifted(600)
        assert await upkeep.sealed() == Sealed(2, 0)
        await store.journal.end(other.id, at.shifted(660), {}).durable()
        while await upkeep.counted():
            pass
        await upkeep.close()
    assert [span for (span,) in rows(folder, "SELECT ended_at - ts FROM events ORDER BY id")] == [
        60_000_000,
        660_000_000,
    ]
    days = dict(rows(folder, "SELECT date, time_in_frame_min FROM device_metrics_daily"))
    assert days == {f"{at.utc - dt.timedelta(days=40):%Y-%m-%d}": 0, f"{at.utc:%Y-%m-%d}": 11}
