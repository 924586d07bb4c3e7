"""A routine in a real daemon: asked for by command, done by a dispenser at a real broker, cut by a power cut."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, Listener, listening, one_broker
from device import Device, stopped

STEP, DONE = "smartlogd/yard/routine/step", "smartlogd/yard/routine/done"
BREAKFAST = ("routine", "add", "breakfast", "--step", "treat,count=2", "--step", "wait:0.2", "--step", "play:20")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with one_broker(tmp_path / "broker") as made:
        yield made


@pytest.fixture
def yard(device: Device, broker: Broker) -> Device:
    """A device whose clock need not be set, at the broker."""
    mqtt = f"[telemetry.mqtt]\nhost = '127.0.0.1'\nport = {broker.port}\ntls = false\nretry_s = 0.1\n"
    device.configure(more=f"[device]\nname = 'yard'\n[routines]\ntrust_within_s = 0\n{mqtt}")
    return device


def told(device: Device, type_: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(device.folder / "state" / "smartlog.db")) as connection:
        rows = connection.execute("SELECT data FROM events WHERE type = ? ORDER BY id", (type_,))
        return [json.loads(data) for (data,) in rows]


async def until(device: Device, type_: str, count: int) -> list[dict[str, Any]]:
    """Events of this type, once there are so many."""
    async with asyncio.timeout(30):
        while len(found := told(device, type_)) < count:
            await asyncio.sleep(0.05)
    return found


async def asked(device: Device, *words: str) -> str:
    done = await asyncio.to_thread(device.ask, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def online(device: Device) -> None:
    await asyncio.to_thread(device.until, lambda state: state["mqtt"]["word"] == "online")


async def answer(dispenser: Listener, number: int, result: str = "done") -> dict[str, Any]:
    """Do the step that was asked for as the `number`th, counted from 1."""
    await dispenser.until(lambda: len(dispenser.of(STEP)) >= number, 30.0)
    step: dict[str, Any] = json.loads(dispenser.of(STEP)[number - 1])
    await dispenser.say(DONE, json.dumps({"id": step["id"], "result": result}))
    return step


async def test_a_routine_is_done_and_one_that_a_power_cut_ends_is_told_as_cut_and_not_done_again(
    yard: Device, broker: Broker
) -> None:
    async with listening(broker, STEP) as dispenser:
        with yard.running() as process:
            await online(yard)
            await asked(yard, *BREAKFAST, "--cron", "0 4 1 1 *")
            assert "breakfast has begun" in await asked(yard, "routine", "run", "breakfast")
            step = await answer(dispenser, 1)
            assert (step["type"], step["params"], step["name"], step["of"]) == ("treat", {"count": 2}, "breakfast", 3)
            await answer(dispenser, 2, "failed")
            (finished,) = await until(yard, "routine_finished", 1)
            assert [(one["type"], one["result"]) for one in finished["steps"]] == [
                ("treat", "done"), ("wait", "done"), ("play", "failed"),
            ]  # fmt: skip
            assert finished["result"] == "partly"
            jobs = [
                json.loads(line) for line in (await asked(yard, "routine", "list", "--system", "--json")).splitlines()
            ]
            assert {"days", "retention", "backup", "heartbeat", "sync"} <= {job["name"] for job in jobs}

            await asked(yard, "routine", "run", "breakfast")
            await answer(dispenser, 3)
            await until(yard, "treat_dispensed", 4)
            await dispenser.until(lambda: len(dispenser.of(STEP)) >= 4, 30.0)
            process.kill()
            process.wait()
        started = told(yard, "routine_started")
        with yard.running() as process:
            await online(yard)
            _, cut = await until(yard, "routine_finished", 2)
            assert (cut["result"], cut["steps"]) == ("cut", [])
            await asyncio.sleep(1.0)
            code, err = await asyncio.to_thread(stopped, process, signal.SIGTERM)
            assert code == 0, err
        assert len(dispenser.of(STEP)) == 4, "it is not done again"
    assert told(yard, "routine_started") == started
    assert len(told(yard, "treat_dispensed")) == 4
    (last,) = (json.loads(line) for line in (await asked(yard, "routine", "list", "--json")).splitlines())
    assert (last["last_result"], last["enabled"]) == ("cut", True)
    assert last["last_run_at"] is not None


async def test_a_stop_in_the_middle_is_told_as_one_and_takes_no_time(yard: Device, broker: Broker) -> None:
    async with listening(broker, STEP) as dispenser:
        with yard.running() as process:
            await online(yard)
            await asked(yard, *BREAKFAST, "--cron", "0 4 1 1 *")
            await asked(yard, "routine", "run", "breakfast")
            await answer(dispenser, 1)
            await dispenser.until(lambda: len(dispenser.of(STEP)) >= 2, 30.0)
            code, err = await asyncio.to_thread(stopped, process, signal.SIGTERM)
            assert code == 0, err
    (finished,) = told(yard, "routine_finished")
    assert (finished["result"], [one["result"] for one in finished["steps"]]) == ("stopped", ["done", "done"])


async def test_without_a_broker_a_routine_says_that_nobody_was_there(device: Device) -> None:
    device.configure(more="[device]\nname = 'yard'\n[routines]\ntrust_within_s = 0\n")
    with device.running():
        await asyncio.to_thread(device.until, lambda state: state["frames"] > 0)
        await asked(device, *BREAKFAST, "--cron", "* * * * *")
        await asked(device, "routine", "run", "breakfast")
        (finished, *_) = await until(device, "routine_finished", 1)
    assert [one["result"] for one in finished["steps"]] == ["away", "done", "away"]


async def test_every_minute_a_routine_begins_by_itself(yard: Device, broker: Broker, long_run: bool) -> None:
    if not long_run:
        pytest.skip("waits for two minutes; runs in make test-long")
    async with listening(broker, STEP) as dispenser:
        with yard.running():
            await online(yard)
            await asked(yard, "routine", "add", "often", "--cron", "* * * * *", "--step", "pet")
            await dispenser.until(lambda: len(dispenser.of(STEP)) >= 2, 130.0)
            for number in (1, 2):
                await answer(dispenser, number)
            started = await until(yard, "routine_started", 2)
    assert [one["by"] for one in started[:2]] == ["schedule"] * 2
    assert all(one["due"].endswith(":00+00:00") for one in started)
