"""Events are told in their order, and the place in the log moves on behind what was acknowledged."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from uuid import UUID

import pytest
from quiet import QuietLine
from speaker import FileFeed, TestClock

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.health import Told
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.telling import Telling
from smartlogd.telemetry.topics import Topics
from smartlogd.telemetry.trouble import BrokerAway
from smartlogd.telemetry.voice import Account, Voice


class Desk:
    def __init__(self, feed: FileFeed, **options: object) -> None:
        self.line, self.account, self.feed, self.clock = QuietLine(), Account(), feed, TestClock()
        self.told = asyncio.Event()
        self.telling = Telling(
            Voice(self.line, self.account),
            options=MqttOptions.model_validate(options),
            topics=Topics("smartlogd", "door"),
            feed=feed,
            clock=self.clock,
            account=self.account,
        )

    async def run(self, for_s: float = 0.2) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(self.telling.run(self.told), for_s)

    @property
    def seqs(self) -> list[int]:
        return [UUID(json.loads(payload)["id"]).int for _, payload, _ in self.line.said]


async def test_all_that_is_new_is_told_once(tmp_path: Path) -> None:
    desk = Desk(FileFeed(tmp_path / "events"))
    desk.feed.append(25)
    await desk.run()
    assert desk.seqs == list(range(1, 26))
    assert desk.told.is_set()
    assert desk.account.told == 25
    await desk.run()
    assert len(desk.seqs) == 25


async def test_a_line_that_is_lost_has_only_what_was_acknowledged_behind_it(tmp_path: Path) -> None:
    desk = Desk(FileFeed(tmp_path / "events"))
    desk.feed.append(25)
    desk.line.is_lost_after = 13
    with pytest.raises(BrokerAway):
        await desk.telling.run(desk.told)
    assert [event.seq for event in await desk.feed.next(1)] == [14]


async def test_what_the_broker_refuses_for_good_holds_nothing_up(tmp_path: Path) -> None:
    desk = Desk(FileFeed(tmp_path / "events"))
    desk.feed.append(12)
    desk.line.refused.add("smartlogd/door/event/crossing")
    await desk.run()
    assert desk.account.refused == 12
    assert await desk.feed.next(1) == ()


async def test_what_nobody_is_told_and_what_is_too_large_is_passed(tmp_path: Path) -> None:
    desk = Desk(FileFeed(tmp_path / "events"))
    desk.feed.append(3, type_="device_started")
    desk.feed.append(1)
    desk.line.most_bytes = 10
    await desk.run()
    assert desk.line.said == []
    assert await desk.feed.next(1) == ()
    assert desk.account.told == 0


async def test_old_events_are_passed_over_by_a_clock_that_is_trusted(tmp_path: Path) -> None:
    desk = Desk(FileFeed(tmp_path / "events"), late_h=1)
    desk.feed.append(4, dt.datetime.now(dt.UTC) - dt.timedelta(hours=2))
    desk.feed.append(1)
    desk.clock.is_trusted = True
    await desk.run()
    assert (desk.account.passed_over, desk.seqs) == (4, [5])


class Sick(FileFeed):
    """A log that cannot be read, or whose place in it cannot be kept."""

    is_sick = True

    async def next(self, most: int) -> tuple[Told, ...]:
        if self.is_sick:
            raise DiskTrouble("The log cannot be read.")
        return await super().next(most)

    async def skip(self, before: dt.datetime) -> int:
        raise DiskTrouble("The log cannot be read.")


async def test_a_log_that_cannot_be_read_is_said_and_looked_at_again(tmp_path: Path) -> None:
    feed = Sick(tmp_path / "events")
    desk = Desk(feed)
    feed.append(1)
    task = asyncio.create_task(desk.telling.run(desk.told))
    await asyncio.sleep(0.05)
    assert desk.account.trouble == "The log cannot be read."
    feed.is_sick = False
    desk.telling.poke()
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert desk.account.trouble == ""
    assert desk.seqs == [1]


async def test_a_place_that_cannot_be_kept_does_not_outlast_a_stop(tmp_path: Path) -> None:
    class Full(FileFeed):
        async def told(self, seq: int) -> None:
            raise DiskTrouble("The disk is full.")

    desk = Desk(Full(tmp_path / "events"))
    desk.feed.append(1)
    await desk.run(0.1)
    assert desk.account.trouble == "The disk is full."
