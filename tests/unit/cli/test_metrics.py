"""`smartlogd metrics`, on a real database."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.base.known import Event, EventId, SubjectId
from smartlogd.base.pixels import unpacked
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.cli.metrics import brief, lasted, the_date
from smartlogd.store.engine import open_store
from smartlogd.store.options import StoreOptions

Smartlogd = Callable[..., Any]
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def at(minute: float) -> Stamp:
    return Stamp(round((1440 + minute) * 60 * 10**9), NOON + dt.timedelta(minutes=minute), trusted=True)


async def write(folder: Path) -> None:
    options = StoreOptions(reserve_mib=0, group_commit_s=0.01)
    store = open_store(folder, device="yard", version="0", clock=SystemClock(), options=options, boot=uuid4())
    writer = asyncio.create_task(store.journal.run())
    subject = SubjectId(uuid4())
    for type_, minute, span in (("dog_detected", 0, 90), ("calm", 10, 30), ("sit", 5, None), ("fetch_return", 7, 0.1)):
        event = Event(
            EventId(uuid4()), "yard", type_, at(minute), subject,
            ended=None if span is None else at(minute + span), data={"track": 1, "success": True},
        )  # fmt: skip
        await store.journal.append(event).durable()
    await store.close()
    await writer


@pytest.fixture
def written(state: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of a dog's afternoon, on a device two hours east."""
    monkeypatch.setenv("SMARTLOG_DEVICE__TIMEZONE", "Africa/Cairo")
    asyncio.run(write(state))
    return state


def test_a_day_is_a_table_bars_and_streaks(smartlogd: Smartlogd, written: Path) -> None:
    told = smartlogd("metrics", "day", "--date", "2026-03-01")
    assert told.code == 0
    lines = told.out.splitlines()
    assert lines[0] == "Sunday 1 March 2026"
    found = dict(line.split("  ", 1) for line in lines[2:15])
    assert found["in view"].strip() == "1 h 30 min"
    assert found["calm"].strip() == "30 min"
    assert (found["sat"].strip(), found["fetched"].strip(), found["stood"].strip()) == ("1", "1 of 1", "0")
    assert any(line.startswith("60 |") for line in lines)
    assert lines[-1].startswith("Days in a row with 5 sits or more: 0;")
    assert written.is_dir()


def test_a_day_is_one_object_for_programs(smartlogd: Smartlogd, written: Path) -> None:
    told = json.loads(smartlogd("metrics", "day", "--date", "2026-03-01", "--json").out)
    assert (told["date"], told["streaks"]) == ("2026-03-01", {"sits": 0, "fetches": 0})
    assert told["numbers"]["time_in_frame_min"] == 90
    busy = {hour["begin"]: hour["numbers"]["time_in_frame_min"] for hour in told["hours"]}
    assert len(busy) == 24
    assert busy["2026-03-01T14:00:00+02:00"] == 60
    assert busy["2026-03-01T15:00:00+02:00"] == 30
    assert written.is_dir()


def test_a_week_is_a_row_for_each_day(smartlogd: Smartlogd, written: Path) -> None:
    told = smartlogd("metrics", "week", "--date", "2026-03-04")
    rows = told.out.splitlines()
    assert rows[0].split()[:3] == ["day", "in", "view"]
    dates = ["02-26", "02-27", "02-28", "03-01", "03-02", "03-03", "03-04"]
    assert [row.split()[1] for row in rows[1:8]] == [f"2026-{date}" for date in dates]
    assert rows[4].startswith("Sun 2026-03-01  1 h 30 min  30 min  1")
    *days, last = map(json.loads, smartlogd("metrics", "week", "--date", "2026-03-04", "--json").out.splitlines())
    assert [day["numbers"]["calm_minutes"] for day in days] == [0, 0, 0, 30, 0, 0, 0]
    assert last == {"streaks": {"sits": 0, "fetches": 0}}
    assert written.is_dir()


@pytest.mark.parametrize("what", ["day", "week"])
def test_it_is_drawn_when_asked_for(smartlogd: Smartlogd, written: Path, tmp_path: Path, what: str) -> None:
    file = tmp_path / "chart.png"
    assert smartlogd("metrics", what, "--date", "2026-03-01", "--png", file, "--json").code == 0
    assert unpacked(file.read_bytes()).shape == (675, 1200, 3)
    assert file.stat().st_mode & 0o077 == 0
    assert smartlogd("metrics", what, "--png", written / "nowhere" / "a.png").code == Exit.CANNOT_CREATE


def test_without_a_log_it_says_how_to_get_one(smartlogd: Smartlogd, state: Path) -> None:
    told = smartlogd("metrics", "day")
    assert told.code == Exit.MISSING
    assert f"There is no log in {state} yet." in told.err


@pytest.mark.parametrize("text", ["tomorrow", "1.3.2026", "0001-01-01", ""])
def test_what_is_no_day_is_refused_with_an_example(smartlogd: Smartlogd, text: str) -> None:
    with pytest.raises(SmartlogError, match="no day"):
        the_date(text, NOON.date())
    told = smartlogd("metrics", "week", "--date", text)
    assert told.code == Exit.USAGE
    assert "2026-01-31" in told.err


def test_minutes_are_said_as_people_say_them() -> None:
    assert [lasted(minutes) for minutes in (0, 0.5, 59.7, 1440)] == ["0 min", "30 s", "1 h 0 min", "1 d 0 h"]
    assert [brief(minutes) for minutes in (0, 59.4, 59.5, 1439, 1440)] == ["0 min", "59 min", "1.0 h", "24.0 h", "24 h"]
