"""Jobs have their turns, whatever is done to the clock."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import sys
import threading
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clockwork import turning, until

import smartlogd.routines.schedule
from smartlogd.base.cron import cron
from smartlogd.base.errors import DiskTrouble, ServiceAway
from smartlogd.routines.schedule import Schedule

UTC = dt.UTC
EIGHT = dt.datetime(2027, 3, 1, 8, tzinfo=UTC)
SECOND, HOUR, DAY = dt.timedelta(seconds=1), dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def schedule(clock: Any, monkeypatch: pytest.MonkeyPatch) -> Schedule:
    monkeypatch.setattr(smartlogd.routines.schedule, "LOOK_S", 0.02)
    return Schedule(lambda: UTC, clock)


class Counted:
    """Work that counts how often it was done."""

    def __init__(self) -> None:
        self.times = 0
        self.due: list[dt.datetime] = []

    async def work(self) -> None:
        self.times += 1

    async def at(self, due: dt.datetime) -> None:
        self.due.append(due)


async def test_a_job_has_its_first_turn_at_once_and_then_every_so_many_seconds(schedule: Schedule) -> None:
    quick, slow = Counted(), Counted()
    schedule.every("quick", 0.02, quick.work)
    schedule.every("slow", 3600.0, slow.work)
    async with turning(schedule):
        await until(lambda: quick.times > 5)
        assert slow.times == 1


async def test_a_job_that_takes_longer_than_its_interval_never_overlaps_itself(schedule: Schedule) -> None:
    together, most, done = 0, 0, 0

    async def work() -> None:
        nonlocal together, most, done
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.05)
        together -= 1
        done += 1

    schedule.every("slow", 0.01, work)
    async with turning(schedule):
        await until(lambda: done > 3)
        assert schedule.jobs()[0].trouble == ""
    assert most == 1


async def test_a_trouble_is_said_once_however_many_jobs_have_it_and_goes(
    schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    trouble: Exception | None = DiskTrouble("The disk is full.", "Free some.")
    times = 0

    async def work() -> None:
        nonlocal times
        times += 1
        if trouble is not None:
            raise trouble

    for name in ("one", "other"):
        schedule.every(name, 0.02, work)
    async with turning(schedule):
        await until(lambda: times > 6)
        assert [(record.name, record.message) for record in caplog.records] == [("smartlogd.routines", "job failed")]
        assert [job.trouble for job in schedule.jobs()] == ["The disk is full. Free some."] * 2
        trouble = ServiceAway("Nobody answers.")
        await until(lambda: len(caplog.records) == 2)
        trouble, before = None, times
        await until(lambda: times > before + 3)
        assert [job.trouble for job in schedule.jobs()] == ["", ""]
    assert [record.message for record in caplog.records] == ["job failed"] * 2


async def test_a_mistake_of_ours_ends_the_schedule(schedule: Schedule) -> None:
    async def work() -> None:
        raise ZeroDivisionError

    schedule.every("wrong", 0.01, work)
    schedule.every("right", 0.01, Counted().work)
    with pytest.raises(ExceptionGroup) as group:
        await asyncio.wait_for(schedule.run(), 5)
    assert [type(error) for error in group.value.exceptions] == [ZeroDivisionError]


async def test_what_is_being_done_is_cancelled_and_waited_for_at_the_end(schedule: Schedule) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)
            ended.set()

    schedule.every("long", 60.0, work)
    async with turning(schedule):
        await begun.wait()
        assert schedule.jobs()[0].is_running
    assert ended.is_set()


async def test_it_may_be_run_again(schedule: Schedule) -> None:
    counted = Counted()
    schedule.every("quick", 60.0, counted.work)
    for times in (1, 2):
        async with turning(schedule):
            await until(lambda times=times: counted.times == times)  # type: ignore[misc]


async def test_jobs_come_and_go_while_it_turns(schedule: Schedule) -> None:
    first, second = Counted(), Counted()
    async with turning(schedule):
        await asyncio.sleep(0.05)
        schedule.every("job", 0.02, first.work)
        await until(lambda: first.times > 1)
        schedule.every("job", 0.02, second.work)
        await until(lambda: second.times > 1)
        before = first.times
        schedule.drop("job")
        await asyncio.sleep(0.05)
        after = second.times
        await asyncio.sleep(0.05)
    schedule.drop("job")
    assert (first.times, second.times) == (before, after)
    assert schedule.jobs() == ()


async def test_a_job_by_cron_comes_at_its_time_and_says_when_it_was_due(schedule: Schedule, clock: Any) -> None:
    counted = Counted()
    schedule.at("eight", cron("0 8 * * *"), lambda: UTC, counted.at)
    async with turning(schedule):
        await until(lambda: schedule.next_of("eight") == EIGHT)
        clock.set(EIGHT - 0.3 * SECOND)
        await until(lambda: len(counted.due) > 0)
        await until(lambda: schedule.next_of("eight") == EIGHT + DAY)
        await asyncio.sleep(0.5)
    assert counted.due == [EIGHT]
    assert schedule.next_of("eight") is None, "nothing turns"
    assert schedule.jobs() == (), "it is none of the daemon's own"


async def test_jobs_are_told_as_a_person_wants_them(schedule: Schedule) -> None:
    schedule.every("days", 60.0, Counted().work)
    schedule.every("backup", "30 3 * * 0", Counted().work)
    async with turning(schedule):
        await until(lambda: all(job.next_at for job in schedule.jobs()) and schedule.jobs()[0].last_at is not None)
        days, backup = schedule.jobs()
    assert (days.name, days.when, backup.when) == ("days", "every 60 s", "30 3 * * 0")
    assert backup.next_at == dt.datetime(2027, 3, 7, 3, 30, tzinfo=UTC)
    assert backup.last_at is None
    assert days.last_at is not None
    assert days.next_at is not None
    assert 55 < (days.next_at - days.last_at).total_seconds() < 61


async def test_jobs_are_spread_by_chance(clock: Any) -> None:
    counted = Counted()
    schedule = Schedule(lambda: UTC, clock, chance=lambda: 0.5)
    schedule.every("job", 3600.0, counted.work, jitter_s=120.0)
    schedule.every("cron", "0 8 * * *", counted.work, jitter_s=120.0)
    async with turning(schedule):
        await until(lambda: all(job.next_at for job in schedule.jobs()))
        next_s = [(job.next_at - clock.now().utc).total_seconds() for job in schedule.jobs() if job.next_at]
    assert next_s == pytest.approx([60, 30 + 60], abs=1)
    assert counted.times == 0


def test_a_cron_that_is_none_is_refused(schedule: Schedule) -> None:
    with pytest.raises(ValueError, match='the hour "25"'):
        schedule.every("job", "0 25 * * *", Counted().work)


# Somebody sets the clock -------------------------------------------------------------------------


async def test_a_clock_that_is_set_forward_over_a_time_lets_it_come_once_at_once(
    schedule: Schedule, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.routines")
    counted, quick = Counted(), Counted()
    schedule.at("eight", cron("0 8 * * *"), lambda: UTC, counted.at)
    schedule.every("quick", 0.05, quick.work)
    async with turning(schedule):
        await until(lambda: schedule.next_of("eight") == EIGHT)
        clock.set(EIGHT + 40 * DAY + HOUR)
        before = quick.times
        await until(lambda: len(counted.due) > 0)
        await until(lambda: quick.times > before + 2)
        assert quick.times < before + 20, "intervals are deaf to it"
        assert schedule.next_of("eight") == EIGHT + 41 * DAY
    assert counted.due == [EIGHT]
    assert [record.message for record in caplog.records] == ["clock was set"]


async def test_a_clock_that_is_set_back_a_little_lets_nothing_come_twice(schedule: Schedule, clock: Any) -> None:
    counted, quick = Counted(), Counted()
    schedule.at("eight", cron("0 8 * * *"), lambda: UTC, counted.at)
    schedule.every("quick", 0.05, quick.work)
    async with turning(schedule):
        await until(lambda: schedule.next_of("eight") == EIGHT)
        clock.set(EIGHT)
        await until(lambda: len(counted.due) > 0)
        clock.set(EIGHT - HOUR)
        await asyncio.sleep(0.1)
        assert schedule.next_of("eight") == EIGHT + DAY
        before = quick.times
        await until(lambda: quick.times > before + 2)
    assert counted.due == [EIGHT]


async def test_a_clock_that_had_gone_mad_is_forgotten_once_it_is_right(schedule: Schedule, clock: Any) -> None:
    counted = Counted()
    clock.set(EIGHT + 1000 * DAY - SECOND)
    schedule.at("eight", cron("0 8 * * *"), lambda: UTC, counted.at)
    async with turning(schedule):
        await until(lambda: len(counted.due) > 0)
        clock.set(EIGHT - HOUR)
        await until(lambda: schedule.next_of("eight") == EIGHT)
    assert counted.due == [EIGHT + 1000 * DAY]


async def test_what_came_before_a_restart_does_not_come_again(schedule: Schedule, clock: Any) -> None:
    for came, expected in ((EIGHT, EIGHT + DAY), (EIGHT + 100 * DAY, EIGHT), (EIGHT - DAY, EIGHT)):
        schedule.at("eight", cron("0 8 * * *"), lambda: UTC, Counted().at, came=came)
        async with turning(schedule):
            await until(lambda: schedule.next_of("eight") is not None)
            assert schedule.next_of("eight") == expected


async def test_another_time_zone_is_heard_when_asked_again(clock: Any) -> None:
    zone: dt.tzinfo = UTC
    schedule = Schedule(lambda: zone, clock)
    schedule.every("backup", "0 8 * * *", Counted().work)
    async with turning(schedule):
        await until(lambda: schedule.next_of("backup") == EIGHT)
        zone = ZoneInfo("Europe/Rome")
        schedule.again()
        assert schedule.next_of("backup") == EIGHT + 23 * HOUR


async def test_what_never_comes_holds_nothing_up(schedule: Schedule, clock: Any) -> None:
    clock.set(dt.datetime(2036, 3, 1, tzinfo=UTC))
    schedule.every("never", "0 0 29 2 */7", Counted().work)  # a leap day on a Sunday, as in 2032 and in 2060
    schedule.at("then", cron("0 0 29 2 *"), lambda: UTC, Counted().at)
    async with turning(schedule):
        await until(lambda: schedule.next_of("then") == dt.datetime(2040, 2, 29, tzinfo=UTC))
        assert schedule.next_of("never") is None


async def test_no_thread_is_left_and_apscheduler_is_loaded_only_when_it_turns(schedule: Schedule) -> None:
    schedule.every("quick", 0.01, Counted().work)
    before = {thread.name for thread in threading.enumerate()}
    async with turning(schedule):
        await asyncio.sleep(0.1)
        more = {thread.name for thread in threading.enumerate()} - before
        assert all(name.startswith("asyncio_") for name in more), more
    assert "apscheduler.schedulers.asyncio" in sys.modules
