"""The broker dies, the network falls silent, the broker is away for a day: nothing is lost, and nothing piles up."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import random
import threading
import time
import tracemalloc
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from broker import Broker, Cable, Listener, free_port, listening, one_broker
from speaker import FileFeed, Speaker, options

from smartlogd.telemetry.broker import Broker as Running

ROOT = "smartlogd/door"
FLAT_BYTES = 256 * 1024


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with one_broker(tmp_path / "broker") as made:
        yield made


@pytest.fixture(params=["3.1.1", "5"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def traced() -> Iterator[None]:
    """Count memory, and keep no log meanwhile: what a test's log holds on to is not the daemon's."""
    logging.disable(logging.CRITICAL)
    tracemalloc.start()
    yield
    tracemalloc.stop()
    logging.disable(logging.NOTSET)


def memory_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def seqs(listener: Listener) -> list[int]:
    """The places in the log of the events that were heard."""
    return [UUID(json.loads(payload)["id"]).int for payload in listener.of(f"{ROOT}/event/crossing")]


def last_seq(listener: Listener) -> int:
    """The place in the log of the newest event; a heartbeat or two may have come after it."""
    events = [one for one in listener.messages[-10:] if str(one.topic).endswith("/event/crossing")]
    return UUID(json.loads(bytes(events[-1].payload))["id"]).int if events else 0


def without_repetitions(told: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(told))


async def test_a_broker_killed_again_and_again_hears_everything_in_order(
    broker: Broker, tmp_path: Path, protocol: str, traced: None, long_run: bool
) -> None:
    rounds, chance, heard, memory = 20 if long_run else 4, random.Random(5), array("L"), list[int]()
    async with Cable(broker.port) as cable:
        device = Speaker(options(cable.port, protocol=protocol), FileFeed(tmp_path / "events"))
        async with device.running() as running:
            for _ in range(rounds):
                async with listening(broker) as listener:  # comes first, so that nothing is told to nobody
                    cable.is_closed = False
                    await listener.until(lambda: listener.of(f"{ROOT}/status")[-1:] == [b"online"], 3)
                    await listener.until(lambda: len(listener.of(f"{ROOT}/state")) >= 1, 1)
                    device.feed.append(200)
                    running.poke()
                    await heard_some(listener, chance.randrange(1, 150))
                    cable.close()
                    await drained(listener)
                    broker.kill()
                    await device.until("away")
                heard.extend(seqs(listener))
                del listener
                memory.append(memory_bytes())
                broker.start()
            async with listening(broker) as listener:
                cable.is_closed = False
                await listener.until(lambda: last_seq(listener) == device.feed.length, 60)
            heard.extend(seqs(listener))
    assert without_repetitions(heard) == list(range(1, rounds * 200 + 1)), "none lost, none out of its order"
    assert len(heard) - rounds * 200 <= 10 * (rounds + 1), "told again are only those that were under way"
    assert memory[-1] - memory[1] < FLAT_BYTES


async def heard_some(listener: Listener, events: int) -> None:
    await listener.until(lambda: len(listener.of(f"{ROOT}/event/crossing")) >= events)


async def drained(listener: Listener) -> None:
    """Wait for what the broker has for this listener: it acknowledged it, and would take it along when it is killed."""
    await listener.say("drained", b"")
    await listener.until(lambda: bool(listener.of("drained")))


async def test_a_day_without_a_broker_costs_no_memory_and_no_event(
    broker: Broker, tmp_path: Path, protocol: str, traced: None, long_run: bool
) -> None:
    tries, events = (1440, 40_000) if long_run else (144, 4_000)  # a day of tries, one a minute
    port = free_port()
    device = Speaker(options(port, protocol=protocol, retry_roof_s=0.1), FileFeed(tmp_path / "events"))
    async with device.running() as running:
        done = await failed(running, 20)
        before = memory_bytes()
        while done < tries:
            device.feed.append(events // tries)
            running.poke()
            running.beat_now()
            done = await failed(running, done + 1)
        assert memory_bytes() - before < FLAT_BYTES
        assert device.beats == 0, "a heartbeat that nobody can hear is not made"
        assert threading.active_count() < 10
        async with listening(broker, f"{ROOT}/event/#") as listener, Cable(broker.port, at=port):
            await listener.until(lambda: len(listener.messages) >= device.feed.length, 300)
            assert seqs(listener) == list(range(1, device.feed.length + 1)), "all are told, in their order"
            del listener.messages[:]
            assert memory_bytes() - before < 2 * FLAT_BYTES


async def failed(running: Running, tries: int) -> int:
    """Wait until so many tries failed."""
    while (failures := running.state()["failures"]) < tries:  # type: ignore[operator]
        await asyncio.sleep(0.005)
    return int(failures)  # type: ignore[call-overload, no-any-return]


async def test_a_network_that_falls_silent_is_noticed_on_both_sides(
    broker: Broker, tmp_path: Path, long_run: bool
) -> None:
    """By paho's ping; and where paho's loop is dead as after an exception in it, by our own question."""
    keepalive_s = 20 if long_run else 10
    ways = [("a", "3.1.1", False), ("b", "5", False), ("c", "3.1.1", True), ("d", "5", True)]
    await asyncio.gather(*(falls_silent(broker, tmp_path, *way, keepalive_s) for way in ways))


async def falls_silent(
    broker: Broker, tmp_path: Path, name: str, protocol: str, is_loop_dead: bool, keepalive_s: int
) -> None:
    status = f"smartlogd/{name}/status"
    async with Cable(broker.port) as cable, listening(broker, status) as listener:
        settings = options(cable.port, protocol=protocol, keepalive_s=keepalive_s)
        device = Speaker(settings, FileFeed(tmp_path / name), name=name)
        async with device.running() as running:
            await device.until("online")
            if is_loop_dead:
                running._session._line._misc_task.cancel()  # type: ignore[union-attr]
            cable.is_pulled = True
            await asyncio.gather(
                listener.until(lambda: listener.of(status)[-1] == b"offline", 1.5 * keepalive_s),
                device.until("away", 1.5 * keepalive_s),
            )
            assert ("not heard" in str(running.state()["detail"])) is is_loop_dead
            cable.is_pulled = False
            await listener.until(lambda: listener.of(status)[-1] == b"online", 15)


async def test_a_silent_network_does_not_hold_up_a_stop(broker: Broker, tmp_path: Path) -> None:
    async with Cable(broker.port) as cable:
        device = Speaker(options(cable.port), FileFeed(tmp_path / "events"))
        async with device.running():
            await device.until("online")
            cable.is_pulled = True
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 1.5


async def test_a_stop_while_connecting_is_at_once(broker: Broker, tmp_path: Path) -> None:
    async with Cable(broker.port) as cable:
        cable.is_pulled = True
        device = Speaker(options(cable.port, tls=True), FileFeed(tmp_path / "events"))
        async with device.running():
            await asyncio.sleep(0.3)
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 0.5


async def test_pauses_between_tries_double_up_to_their_roof(tmp_path: Path) -> None:
    device = Speaker(options(free_port(), retry_s=0.1, retry_roof_s=0.8), FileFeed(tmp_path / "events"), chance=1.0)
    async with device.running() as running:
        await failed(running, 1)
        began_s, at_s = time.monotonic(), []
        for tries in range(2, 7):
            await failed(running, tries)
            at_s.append(round(time.monotonic() - began_s, 1))
    assert at_s == pytest.approx([0.1, 0.3, 0.7, 1.5, 2.3], abs=0.15)
