"""`smartlogd log --events`, on a real database."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from smartlogd.base.errors import Exit
from smartlogd.base.health import Told
from smartlogd.base.known import Event, EventId
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.cli.happened import line
from smartlogd.store.engine import open_store
from smartlogd.store.options import StoreOptions

Smartlogd = Callable[..., Any]
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def at(second: float) -> Stamp:
    return Stamp(round((3600 + second) * 10**9), NOON + dt.timedelta(seconds=second), trusted=True)


async def write(folder: Path) -> None:
    options = StoreOptions(reserve_mib=0, group_commit_s=0.01)
    store = open_store(folder, device="yard", version="0", clock=SystemClock(), options=options, boot=uuid4())
    writer = asyncio.create_task(store.journal.run())
    sit, bark = (Event(EventId(uuid4()), "yard", type_, at(n)) for n, type_ in enumerate(("sit", "bark")))
    store.journal.append(sit)
    store.journal.append(bark)
    await store.journal.end(sit.id, at(90), {}).durable()
    await store.close()
    await writer


@pytest.fixture
def written(state: Path) -> Path:
    asyncio.run(write(state))
    return state


def test_what_happened_is_told_with_how_long_it_lasted(smartlogd: Smartlogd, written: Path) -> None:
    told = smartlogd("log", "--events")
    assert [row.split()[2:] for row in told.out.splitlines()] == [["sit", "1", "min"], ["bark"]]
    objects = [json.loads(row) for row in smartlogd("log", "--events", "--json").out.splitlines()]
    assert [(one["type"], one["lasted_s"]) for one in objects] == [("sit", 90.0), ("bark", None)]
    assert written.is_dir()


def test_only_what_happened_since_then_is_told(smartlogd: Smartlogd, written: Path) -> None:
    told = smartlogd("log", "--events", "--json", "--since", "2026-03-01T12:00:01+00:00")
    assert [json.loads(row)["type"] for row in told.out.splitlines()] == ["bark"]
    assert smartlogd("log", "--events", "--limit", "1").out.split()[2:] == ["bark"]
    assert written.is_dir()


@pytest.mark.parametrize("words", [("--line", "door"), ("--action", "I"), ("--format", "csv")])
def test_what_is_asked_of_passings_alone_is_refused(
    smartlogd: Smartlogd, written: Path, words: tuple[str, str]
) -> None:
    assert smartlogd("log", "--events", *words).code == Exit.USAGE
    assert written.is_dir()


def test_a_passing_says_its_line_and_way_and_a_doubtful_clock_is_doubted() -> None:
    told = Told(1, "e", "crossing", NOON, is_trusted=False, person="Ada", data={"line": "door", "action": "I"})
    assert line(told).split()[2:5] == ["door:", "in", "Ada"]
    assert line(told).endswith("(the clock was not set)")
