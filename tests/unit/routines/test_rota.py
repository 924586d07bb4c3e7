"""The routines of people in a running daemon."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from clockwork import Hands, SetClock, turning, until
from kept import written

import smartlogd.routines.rota
import smartlogd.routines.schedule
from smartlogd.base.errors import Missing, ServiceAway, UnusableInput
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, EventId
from smartlogd.routines.options import RoutinesOptions
from smartlogd.routines.rota import Routines
from smartlogd.routines.schedule import Schedule
from smartlogd.store.changes import applied, understood
from smartlogd.store.engine import Store, open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.outcome import Work

UTC = dt.UTC
EIGHT = dt.datetime(2027, 3, 1, 8, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (dt.timedelta(seconds=span) for span in (1, 60, 3600, 86_400))
OPTIONS: dict[str, Any] = {"trust_within_s": 0.1, "step_timeout_s": 1.0}


class House:
    """A store whose journal is at work, with a schedule and routines that may be switched on and off."""

    def __init__(self, store: Store, clock: SetClock) -> None:
        self.store, self.clock, self.hands = store, clock, Hands()
        self.options = RoutinesOptions(**OPTIONS)
        self.schedule = Schedule(lambda: UTC, clock)
        self.routines = Routines(
            store, self.schedule, self.hands, ids=LiveIds(), clock=clock, options=lambda: self.options,
            zone=lambda: UTC,
        )  # fmt: skip

    async def asks(self, what: str, **arguments: Any) -> Any:
        change = understood(what, {"device": "yard", "name": "breakfast", **arguments})
        store = self.store
        told = await store.change(
            lambda one: applied(change, Work(one, store.keys, store.path.parent, self.clock.now()))
        )
        self.routines.again()
        return told.told

    async def adds(self, cron: str = "0 8 * * *", **more: Any) -> str:
        told = await self.asks("routine-add", **{"cron": cron, "steps": [{"type": "treat"}], **more})
        return str(told["uid"])

    @contextlib.asynccontextmanager
    async def on(self) -> AsyncIterator[asyncio.Task[None]]:
        async with turning(self.schedule):
            task = asyncio.create_task(self.routines.run())
            try:
                yield task
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.store.path)) as connection:
            return connection.execute(query).fetchall()

    def told(self, type_: str = "routine_finished") -> list[dict[str, Any]]:
        return [
            json.loads(data) for (data,) in self.rows(f"SELECT data FROM events WHERE type = '{type_}' ORDER BY id")
        ]

    async def is_open(self) -> None:
        await until(lambda: self.routines._group is not None)

    async def plans(self, at: dt.datetime | None) -> None:
        at_us = None if at is None else int(at.timestamp() * 1_000_000)
        await until(lambda: self.rows("SELECT next_run_at FROM routines") == [(at_us,)])


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smartlogd.routines.schedule, "LOOK_S", 0.02)
    monkeypatch.setattr(smartlogd.routines.rota, "LOOK_S", 0.05)
    monkeypatch.setattr(smartlogd.routines.rota, "TRUST_S", 0.02)


@pytest.fixture
def opened(tmp_path: Path, clock: SetClock) -> Callable[[], Store]:
    def opened() -> Store:
        options = StoreOptions(group_commit_s=0.02, reserve_mib=0)
        return open_store(tmp_path / "state", device="yard", version="0", clock=clock, options=options, boot=uuid4())

    return opened


@pytest.fixture
async def house(opened: Callable[[], Store], clock: SetClock) -> AsyncIterator[House]:
    async with written(opened()) as store:
        yield House(store, clock)


async def test_a_routine_begins_at_its_time_and_asks_for_its_steps(house: House, clock: SetClock) -> None:
    uid = await house.adds()
    async with house.on():
        await house.plans(EIGHT)
        clock.set(EIGHT - 0.1 * SECOND)
        await until(lambda: bool(house.told()))
        await house.plans(EIGHT + DAY)
    (started,), (finished,) = house.told("routine_started"), house.told()
    assert started == {
        "routine": uid,
        "name": "breakfast",
        "by": "schedule",
        "steps": ["treat"],
        "due": EIGHT.isoformat(),
    }
    assert (finished["routine"], finished["result"]) == (uid, "done")
    assert finished["run"] == house.rows("SELECT event_id FROM events WHERE type = 'routine_started'")[0][0]
    assert len(house.told("treat_dispensed")) == len(house.hands.asked) == 1
    (last_run,) = house.rows("SELECT last_run_at, updated_at < last_run_at FROM routines")
    assert abs(last_run[0] / 1e6 - EIGHT.timestamp()) < 5
    assert last_run[1] == 1, "having run makes no copy newer"


async def test_rows_come_and_go_while_it_runs(house: House) -> None:
    async with house.on():
        uid = await house.adds()
        await house.plans(EIGHT)
        await house.asks("routine-disable")
        await house.plans(None)
        await until(lambda: not house.schedule.has(f"routine {uid}"))
        await house.asks("routine-enable")
        await house.plans(EIGHT)
        await house.store.change(
            lambda one: one.execute("UPDATE routines SET timezone = 'Europe/Rome', cron = '5 9 * * *'")
        )
        await house.plans(EIGHT + 5 * MINUTE)
        house.options = RoutinesOptions(**OPTIONS, enabled=False)
        house.routines.again()
        await house.plans(None)
        house.options = RoutinesOptions(**OPTIONS)
        await house.plans(EIGHT + 5 * MINUTE)
        await house.asks("routine-remove")
        await until(lambda: not house.schedule.has(f"routine {uid}"))
    assert house.told("routine_started") == []


async def test_one_that_cannot_be_run_is_said_once_and_holds_no_other_up(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.adds()
    await house.adds(name="lunch")
    await house.store.change(lambda one: one.execute("UPDATE routines SET cron = '0 25 * * *' WHERE name = 'lunch'"))
    async with house.on():
        await until(lambda: (int(EIGHT.timestamp() * 1e6),) in house.rows("SELECT next_run_at FROM routines"))
        await asyncio.sleep(0.2)
        with pytest.raises(UnusableInput, match='lunch cannot be run: the hour "25"'):
            await house.routines.run_now("lunch")
    said = [record for record in caplog.records if record.message == "routine cannot be run"]
    assert [vars(record)["routine"] for record in said] == ["lunch"]


# By hand -----------------------------------------------------------------------------------------


async def test_it_is_begun_by_hand_though_it_is_disabled_and_once_at_a_time(house: House) -> None:
    uid = await house.adds(steps=[{"type": "sit_drill", "duration_s": 5.0}], enabled=False)
    house.hands.answer = None
    with pytest.raises(ServiceAway):
        await house.routines.run_now("breakfast")
    async with house.on():
        await house.is_open()
        told = await house.routines.run_now("breakfast")
        assert (told["uid"], told["name"], told["steps"]) == (uid, "breakfast", 1)
        with pytest.raises(UnusableInput, match="runs already"):
            await house.routines.run_now(uid)
        await until(lambda: bool(house.hands.asked))
        house.routines.saw((Event(EventId(uuid4()), "yard", "sit", house.clock.now()),))
        await until(lambda: bool(house.told()))
        with pytest.raises(Missing, match="no routine called supper"):
            await house.routines.run_now("supper")
    (started,), (finished,) = house.told("routine_started"), house.told()
    assert (started["by"], finished["run"], finished["result"]) == ("person", told["run"], "done")
    assert finished["steps"][0]["by"] == "camera"


async def test_the_time_of_one_that_runs_still_is_passed_over_and_said(
    house: House, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    await house.adds(steps=[{"type": "wait", "duration_s": 60.0}])
    async with house.on():
        await house.plans(EIGHT)
        await house.routines.run_now("breakfast")
        clock.set(EIGHT)
        await until(lambda: "routine runs still" in [record.message for record in caplog.records])
    assert [one["by"] for one in house.told("routine_started")] == ["person"]


# What was missed ---------------------------------------------------------------------------------


async def test_what_was_missed_while_the_device_was_off_is_made_up_for_once(house: House, clock: SetClock) -> None:
    await house.adds()
    clock.set(EIGHT + 2 * DAY + 20 * MINUTE)
    async with house.on():
        await until(lambda: bool(house.told()))
        await house.plans(EIGHT + 3 * DAY)
    async with house.on():
        await asyncio.sleep(0.2)
    (started,) = house.told("routine_started")
    assert (started["by"], started["missed"], started["due"]) == ("catch-up", 3, (EIGHT + 2 * DAY).isoformat())
    assert [one["result"] for one in house.told()] == ["done"]


@pytest.mark.parametrize("options", [{"catch_up": "none"}, {"catch_up_within_h": 0.25}])
async def test_what_is_not_made_up_for_is_told_all_the_same_and_once(
    house: House, clock: SetClock, caplog: pytest.LogCaptureFixture, options: dict[str, Any]
) -> None:
    uid = await house.adds()
    house.options = RoutinesOptions(**OPTIONS, **options)
    clock.set(EIGHT + 20 * MINUTE)
    for _ in range(2):
        async with house.on():
            await house.plans(EIGHT + DAY)
            await until(lambda: house.rows("SELECT 1 FROM meta WHERE key = 'routines_told'") == [(1,)])
    eight = EIGHT.isoformat()
    assert house.told() == [
        {"routine": uid, "name": "breakfast", "run": None, "result": "missed", "steps": [], "missed": 1, "from": eight,
         "to": eight},
    ]  # fmt: skip
    assert house.told("routine_started") == []
    assert [record.message for record in caplog.records if record.name == "smartlogd.routines"] == [
        "routine was missed"
    ]


async def test_what_was_due_while_it_was_disabled_was_not_missed(house: House, clock: SetClock) -> None:
    await house.adds()
    await house.asks("routine-disable")
    clock.set(EIGHT + MINUTE)
    await house.asks("routine-enable")
    async with house.on():
        await house.plans(EIGHT + DAY)
    assert house.told() == house.told("routine_started") == []


async def test_a_clock_set_forward_over_a_time_goes_as_if_the_device_had_been_off(
    house: House, clock: SetClock
) -> None:
    await house.adds()
    async with house.on():
        await house.plans(EIGHT)
        clock.set(EIGHT + 30 * MINUTE)
        await until(lambda: bool(house.told()))
        await house.plans(EIGHT + DAY)
        clock.set(EIGHT + 3 * DAY + 5 * HOUR)
        await until(lambda: len(house.told()) == 2)
    assert [(one["by"], one["missed"]) for one in house.told("routine_started")] == [("catch-up", 1)]
    assert [(one["result"], one.get("missed")) for one in house.told()] == [("done", None), ("missed", 3)]


# A clock that is not set -------------------------------------------------------------------------


async def test_nothing_begins_before_the_clock_is_set(house: House, clock: SetClock) -> None:
    house.options = RoutinesOptions(**{**OPTIONS, "trust_within_s": 60.0})
    await house.adds()
    clock.is_trusted = False
    clock.set(EIGHT - SECOND)
    async with house.on():
        await asyncio.sleep(1.2)
        assert house.told("routine_started") == []
        clock.set(EIGHT + 2 * HOUR)
        clock.is_trusted = True
        await house.plans(EIGHT + DAY)
        assert [one["result"] for one in house.told()] == ["missed"], "it came too late to be made up for"


async def test_a_clock_that_is_never_set_is_gone_by_after_a_while_and_that_is_said(
    house: House, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await house.adds()
    clock.is_trusted = False
    clock.set(EIGHT + DAY + 10 * MINUTE)
    async with house.on():
        await house.plans(EIGHT + 2 * DAY)
        assert house.told() == [], "how long it was off nobody knows"
        assert [record.message for record in caplog.records if record.name == "smartlogd.routines"] == [
            "routines go by a clock that is not set"
        ]
        clock.set(EIGHT + 40 * DAY + HOUR)
        clock.is_trusted = True
        await house.plans(EIGHT + 41 * DAY)
        await asyncio.sleep(0.1)
    assert house.told() == house.told("routine_started") == []


# What was cut ------------------------------------------------------------------------------------


async def test_a_run_that_was_cut_has_its_end_at_the_next_start_and_is_not_done_again(
    opened: Callable[[], Store], clock: SetClock
) -> None:
    async with written(opened()) as store:
        house = House(store, clock)
        uid = await house.adds()
        house.hands.answer = None
        async with house.on():
            await house.plans(EIGHT)
            clock.set(EIGHT)
            await until(lambda: bool(house.hands.asked))
            run = house.rows("SELECT event_id FROM events WHERE type = 'routine_started'")[0][0]
    with closing(sqlite3.connect(house.store.path)) as connection:  # as if there had been no time to say so
        connection.execute("DELETE FROM events WHERE type = 'routine_finished'")
        connection.commit()
    clock.set(EIGHT + 5 * MINUTE)
    for _ in range(2):
        async with written(opened()) as store:
            house = House(store, clock)
            async with house.on():
                await house.is_open()
                await house.plans(EIGHT + DAY)
    assert house.told() == [{"routine": uid, "name": "breakfast", "run": run, "result": "cut", "steps": []}]
    assert len(house.told("routine_started")) == 1
    assert house.hands.asked == []


async def test_a_stop_in_the_middle_is_told_as_one(house: House) -> None:
    await house.adds(steps=[{"type": "wait", "duration_s": 60.0}])
    async with house.on():
        await house.is_open()
        await house.routines.run_now("breakfast")
        await until(lambda: bool(house.told("routine_started")))
    await until(lambda: bool(house.told()))
    assert [one["result"] for one in house.told()] == ["stopped"]
    async with house.on():
        await house.is_open()
    assert len(house.told()) == 1


async def test_a_log_that_is_away_is_said_once_and_read_again(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await house.adds()
    away = house.store.path.with_name("away.db")
    house.store.path.rename(away)
    async with house.on():
        await until(lambda: bool(caplog.records))
        await asyncio.sleep(0.2)
        away.rename(house.store.path)
        await house.plans(EIGHT)
    said = [record.message for record in caplog.records if record.name == "smartlogd.routines"]
    assert said == ["routines not read"]
