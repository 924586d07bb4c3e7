"""A device without a battery clock: wrong at first, set right while it syncs; at the centre each row has its true time.

Rows younger than a quarter of an hour are dated anew before they go. Older ones go as they were stamped, once, and the
reports read them by the correction that follows.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from centre import Centre
from edge import Edge, Wall
from ledger import counts_differ, rows_differ

from smartlogd.base.known import Event
from smartlogd.base.time import SystemClock

pytestmark = pytest.mark.services

WRONG_S = -40 * 3600
"""It believes that it is the day before yesterday."""
REPORTED = """
SELECT at, stamped FROM internal.passings AS p JOIN devices AS d ON d.id = p.device_id WHERE d.name = %s ORDER BY at
"""


@pytest.fixture
async def door(centre: Centre, tmp_path: Path) -> AsyncIterator[Edge]:
    noon = SystemClock().now().utc.replace(hour=12, minute=20, second=0, microsecond=0) - dt.timedelta(days=1)
    edge = await Edge(tmp_path / "door", centre, "door", wall=Wall(noon, off_s=WRONG_S, trusted=False)).start()
    yield edge
    await edge.stop()


def passes(edge: Edge, times: int, every_s: float) -> list[tuple[dt.datetime, Event]]:
    """People pass, and it is noted when that truly was."""
    seen = []
    for _ in range(times):
        edge.wall.wait(every_s)
        seen.append((edge.wall.true, edge.append()))
    return seen


async def ntp(edge: Edge) -> None:
    """A time server is heard, and the daemon notices."""
    edge.wall.off_s, edge.wall.trusted = 0.0, True
    await edge.seal()


def reported(centre: Centre, device: str) -> list[dt.datetime]:
    """When people passed, as the reports read it."""
    return [at for at, _ in centre.execute(REPORTED, device)]


async def test_rows_wait_for_the_clock_and_arrive_with_the_right_time(door: Edge, centre: Centre) -> None:
    seen = passes(door, 8, 60)
    for _ in range(5):
        await door.sync.now()
    assert centre.execute("SELECT count(*) FROM events") == [(0,)], "they wait for a better clock"
    assert (await door.sync.status())["waiting_for_clock"] == 8
    await ntp(door)
    await door.catch_up()
    assert reported(centre, "door") == [true for true, _ in seen]
    assert centre.execute("SELECT bool_and(clock_trusted) FROM smartlog") == [(True,)]
    assert rows_differ(door.path, centre, "door") == []
    assert counts_differ(centre) == []


async def test_rows_that_could_not_wait_are_right_in_the_reports_once_the_clock_is(door: Edge, centre: Centre) -> None:
    old = passes(door, 6, 60)
    door.wall.wait(901)
    await door.catch_up()
    assert reported(centre, "door") != [true for true, _ in old], "sent as they were stamped"
    young = passes(door, 6, 60)
    await ntp(door)
    await door.catch_up()
    after = passes(door, 4, 1800)
    await door.catch_up()

    seen = old + young + after
    assert reported(centre, "door") == [true for true, _ in seen]
    stamped = [stamp for _, stamp in centre.execute(REPORTED, "door")]
    assert stamped[: len(old)] == [event.stamp.utc for _, event in old], "a sealed stamp never changes"
    assert centre.execute("SELECT count(*), count(DISTINCT event_id) FROM smartlog") == [(len(seen), len(seen))]
    hours: dict[dt.datetime, int] = {}
    for true, _ in seen:
        hour = true.replace(minute=0, second=0, microsecond=0)
        hours[hour] = hours.get(hour, 0) + 1
    counted = centre.execute("SELECT hour, sum(in_count + out_count)::integer FROM report.in_out_hourly GROUP BY 1")
    assert dict(counted) == hours
    assert rows_differ(door.path, centre, "door") == []
    assert counts_differ(centre) == []


async def test_a_reply_lost_between_two_clocks_doubles_nothing(door: Edge, centre: Centre) -> None:
    await door.sync.pause()
    old = passes(door, 5, 60)
    door.wall.wait(901)
    await door.store.change(lambda _: None)  # they are written
    parcel = await door.outbox.take(100, 10**6, now_us=door.wall.now().mono_ns // 1000)
    assert parcel is not None
    assert len(parcel.seqs) == 5
    epoch = await door.outbox.epoch()  # type: ignore[attr-defined]
    await door.line.ingest(epoch, parcel.body, {"version": "0.3.0", "capabilities": []})  # and nobody hears the answer
    await ntp(door)
    await door.crash()
    await door.start()
    await ntp(door)
    await door.catch_up()
    assert reported(centre, "door") == [true for true, _ in old]
    assert centre.execute("SELECT count(*) FROM smartlog") == [(5,)]
    assert rows_differ(door.path, centre, "door") == []


async def test_a_daemon_killed_before_the_clock_was_right_is_corrected_by_the_next(door: Edge, centre: Centre) -> None:
    old = passes(door, 3, 60)
    door.wall.wait(901)
    await door.catch_up()
    await door.crash()
    door.wall.wait(30)
    await door.start()
    young = passes(door, 3, 60)
    await asyncio.sleep(0.05)
    await ntp(door)
    await door.catch_up()
    assert reported(centre, "door") == [true for true, _ in old + young]
    assert rows_differ(door.path, centre, "door") == []
    assert counts_differ(centre) == []
