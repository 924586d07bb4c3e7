"""The daemon's own jobs and people's routines, on one schedule."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from clockwork import Hands, until
from kept import running

from smartlogd.base.errors import ServiceAway, UnusableInput
from smartlogd.base.time import SystemClock
from smartlogd.clockwork import Clockwork
from smartlogd.settings import Settings
from smartlogd.store.changes import applied, understood
from smartlogd.store.engine import Store
from smartlogd.store.outcome import Work

OWN = ["clock", "signs of life", "days", "room", "recordings", "retention", "backup", "faces", "heartbeat", "sync"]


class House:
    """A clockwork, and how often it did what others gave it to do."""

    def __init__(self, store: Store) -> None:
        self.store, self.hands = store, Hands()
        self.settings = Settings.model_validate({"routines": {"trust_within_s": 0}, "telemetry": {"heartbeat_s": 1}})
        self.done = {"sweep": 0, "fetch": 0, "beat": 0}
        self.clockwork = Clockwork(
            lambda: self.settings, store, SystemClock(), self.hands, sweep=self.work("sweep"), fetch=self.work("fetch"),
            beat=self.work("beat"), chance=lambda: 0.5,
        )  # fmt: skip

    def work(self, what: str) -> Any:
        async def work() -> None:
            self.done[what] += 1

        return work

    def reload(self, **tables: Any) -> None:
        old, self.settings = self.settings, Settings.model_validate({**self.settings.model_dump(), **tables})
        self.clockwork.changed(old, self.settings)

    def jobs(self) -> dict[str, Any]:
        jobs: Any = self.clockwork.jobs()["jobs"]
        return {job["name"]: job for job in jobs}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running(tmp_path / "state") as store:
        yield House(store)


@contextlib.asynccontextmanager
async def turning(house: House) -> AsyncIterator[None]:
    task = asyncio.create_task(house.clockwork.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_everything_that_the_daemon_does_by_itself_is_on_it(house: House) -> None:
    async with turning(house):
        await until(lambda: house.done["beat"] > 1 and house.done["sweep"] == 1)
        await until(lambda: all(house.jobs()[name]["last_at"] for name in OWN if name not in {"backup", "sync"}))
        jobs = house.jobs()
    assert list(jobs) == OWN
    assert jobs["backup"]["when"] == "30 3 * * 0"
    assert jobs["heartbeat"]["when"] == "every 1 s"
    assert all(job["trouble"] == "" for job in jobs.values())
    assert house.done["fetch"] == 0, "devices that were switched on together ask one after the other"


async def test_other_times_count_at_once(house: House) -> None:
    async with turning(house):
        await until(lambda: house.done["beat"] > 0)
        before = house.jobs()["backup"]["next_at"]
        house.reload(store={"backup_cron": "30 4 1 1 *"}, sync={"enabled": False}, telemetry={"heartbeat_s": 60.0})
        jobs = house.jobs()
        assert jobs["backup"]["next_at"] != before
        assert (jobs["heartbeat"]["when"], "sync" in jobs) == ("every 60 s", False)
        house.reload(store={"backup_cron": ""}, device={"timezone": "Europe/Rome"})
        assert "backup" not in house.jobs()


async def test_a_routine_is_begun_on_demand(house: House) -> None:
    steps = [{"type": "treat"}]
    change = understood("routine-add", {"device": "yard", "name": "breakfast", "cron": "0 8 * * *", "steps": steps})
    store = house.store
    house.clockwork.saw(())
    house.clockwork.again()
    with pytest.raises(ServiceAway):
        await house.clockwork.run_now({"run": "breakfast"})
    async with turning(house):
        await store.change(lambda one: applied(change, Work(one, store.keys, store.path.parent, SystemClock().now())))
        house.clockwork.again()  # it may have looked before the row was there
        await until(lambda: house.clockwork._routines is not None and house.clockwork._routines._group is not None)
        house.clockwork.saw(())
        assert (await house.clockwork.run_now({"run": "breakfast"}))["name"] == "breakfast"
        await until(lambda: bool(house.hands.asked))
        for wrong in ({}, {"run": 7}, {"run": "x" * 201}, {"run": "breakfast", "now": True}):
            with pytest.raises(UnusableInput, match="which routine"):
                await house.clockwork.run_now(wrong)
