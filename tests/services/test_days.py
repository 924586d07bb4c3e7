"""Days at the centre: one that is sent again changes nothing, one that late rows reopen changes by those alone."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from centre import Centre
from edge import Edge, Wall

from smartlogd.base.time import Stamp, SystemClock
from smartlogd.store.days import count

pytestmark = pytest.mark.services

ZONE = ZoneInfo("UTC")
OTHERS = {
    "sit_count": 4, "stand_count": 5, "lie_count": 6, "fetch_count": 3, "fetch_success_count": 2, "treats_dispensed": 1,
    "time_in_frame_min": 61.1, "calm_minutes": 0.1 + 0.2, "barks": 7, "howls": 1, "whines": 2,
}  # fmt: skip
"""What only a later part of the project counts; written here by hand."""
TOTAL = f"SELECT date::text, in_count, out_count, {', '.join(OTHERS)} FROM ai_metrics_daily ORDER BY date"


def noon(days_ago: int) -> dt.datetime:
    """Noon of a day that is past."""
    today = SystemClock().now().utc.replace(hour=12, minute=0, second=0, microsecond=0)
    return today - dt.timedelta(days=days_ago)


@pytest.fixture
async def door(centre: Centre, tmp_path: Path) -> AsyncIterator[Edge]:
    edge = await Edge(tmp_path / "door", centre, "door", wall=Wall(noon(3))).start()
    yield edge
    await edge.stop()


@pytest.fixture
async def gate(centre: Centre, tmp_path: Path) -> AsyncIterator[Edge]:
    edge = await Edge(tmp_path / "gate", centre, "gate", wall=Wall(noon(3))).start()
    yield edge
    await edge.stop()


def pass_(edge: Edge, action: str, times: int = 1, at: dt.datetime | None = None) -> None:
    """So many pass one way; `at` another time than now, as where a row comes late."""
    for _ in range(times):
        edge.wall.wait(1)
        now = edge.wall.now()
        edge.append(action=action, at=now if at is None else Stamp(now.mono_ns, at, trusted=True))


async def counted(edge: Edge) -> int:
    """What the daemon does every few seconds; how many rows of days it changed."""
    return (await edge.store.change(lambda connection: count(connection, edge.store.origin.device_id, ZONE))).changed


async def others(edge: Edge, day: dt.datetime) -> None:
    """The other columns of a day."""
    names = ", ".join(f"{name} = :{name}" for name in OTHERS)

    def written(connection: sqlite3.Connection) -> None:
        done = connection.execute(
            f"UPDATE device_metrics_daily SET {names} WHERE date = :date", {**OTHERS, "date": day.date().isoformat()}
        )
        assert done.rowcount == 1

    await edge.store.change(written)


def resend(edge: Edge) -> None:
    """All its days wait to be sent once more, as after a salvage."""
    edge.write("INSERT INTO outbox (kind, row_id, priority, at) SELECT 'metrics', id, 1, 0 FROM device_metrics_daily")


async def test_a_day_that_is_sent_again_changes_nothing(door: Edge, gate: Edge, centre: Centre) -> None:
    pass_(door, "I", 5)
    pass_(door, "O", 3)
    pass_(gate, "O", 2)
    for edge in (door, gate):
        await counted(edge)
    await others(door, noon(3))
    await counted(door)
    for edge in (door, gate):
        await edge.catch_up()
    before = centre.execute(TOTAL)
    assert before == [(noon(3).date().isoformat(), 5, 5, *OTHERS.values())]
    assert door.ask(TOTAL.replace("date::text", "date")) == [(noon(3).date().isoformat(), 5, 3, *OTHERS.values())], (
        "the device's own sum is of its own rows"
    )

    for edge in (door, gate, door):
        resend(edge)
        await edge.catch_up()
        assert await counted(edge) == 0
        assert centre.execute(TOTAL) == before


async def test_late_rows_change_the_day_they_belong_to_by_themselves_alone(
    door: Edge, gate: Edge, centre: Centre
) -> None:
    pass_(door, "I", 4)
    pass_(gate, "I", 1)
    for edge in (door, gate):
        await counted(edge)
    await others(door, noon(3))
    door.wall.wait(86_400)
    pass_(door, "O", 2)
    await counted(door)
    for edge in (door, gate):
        await edge.catch_up()
    (first, second) = centre.execute(TOTAL)
    nothing = (0,) * len(OTHERS)
    assert first == (noon(3).date().isoformat(), 5, 0, *OTHERS.values())
    assert second == (noon(2).date().isoformat(), 0, 2, *nothing)

    pass_(door, "O", 3, at=noon(3) + dt.timedelta(hours=1))
    pass_(door, "I", 1, at=noon(4))
    await counted(door)
    await door.catch_up()
    assert centre.execute(TOTAL) == [
        (noon(4).date().isoformat(), 1, 0, *nothing),
        (noon(3).date().isoformat(), 5, 3, *OTHERS.values()),
        second,
    ]
    resend(door)
    await door.catch_up()
    assert centre.execute(TOTAL)[1:] == [(noon(3).date().isoformat(), 5, 3, *OTHERS.values()), second]


async def test_a_day_is_the_sum_of_what_the_devices_counted(door: Edge, gate: Edge, centre: Centre) -> None:
    pass_(door, "I", 4)
    pass_(gate, "I", 1)
    pass_(gate, "O", 1)
    for edge in (door, gate):
        await counted(edge)
        await edge.catch_up()
    day = noon(3).date()
    question = "SELECT device, date, in_count, out_count FROM report.daily_metrics ORDER BY device"
    assert centre.execute(question) == [("door", day, 4, 0), ("gate", day, 1, 1)]
    hourly = "SELECT sum(in_count), sum(out_count) FROM report.in_out_hourly"
    assert centre.execute(hourly) == [(5, 1)], "counted by the devices, and counted by the centre: the same"
