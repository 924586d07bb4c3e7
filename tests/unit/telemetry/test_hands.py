"""Steps are asked for, and what is said of them counts once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

import smartlogd.telemetry.hands
from smartlogd.telemetry.hands import MOST_AT_ONCE, Hands
from smartlogd.telemetry.voice import Account


class Way:
    """The way to a broker, which is there or is not."""

    def __init__(self) -> None:
        self.is_there = asyncio.Event()
        self.is_there.set()
        self.said: list[tuple[Mapping[str, Any], float]] = []

    async def say(self, payload: bytes, worth_s: float) -> None:
        await self.is_there.wait()
        self.said.append((json.loads(payload), worth_s))


@pytest.fixture
async def way() -> Way:
    return Way()


@pytest.fixture
def hands(way: Way) -> Hands:
    return Hands(way.say, Account())


def step(number: int = 1) -> dict[str, Any]:
    return {"id": str(UUID(int=number)), "type": "treat", "duration_s": 0.0}


def answer(number: int = 1, result: str = "done", **more: Any) -> bytes:
    return json.dumps({"id": str(UUID(int=number)), "result": result, **more}).encode()


async def asked(way: Way, most: int = 1) -> None:
    async with asyncio.timeout(5):
        while len(way.said) < most:
            await asyncio.sleep(0.005)


async def test_a_step_is_asked_for_with_the_time_it_has_and_waits_for_its_own_answer(way: Way, hands: Hands) -> None:
    first, second = (asyncio.create_task(hands.act(step(number), 30.0)) for number in (1, 2))
    await asked(way, 2)
    assert way.said[0] == ({**step(1), "timeout_s": 30.0}, 30.0)
    hands.heard(answer(2, "failed", detail="empty"), is_retained=False)
    assert await asyncio.wait_for(second, 1) == {"result": "failed", "detail": "empty"}
    assert not first.done()
    hands.heard(answer(1), is_retained=False)
    hands.heard(answer(1, "failed"), is_retained=False)  # the first word counts
    assert await asyncio.wait_for(first, 1) == {"result": "done"}
    hands.heard(answer(1), is_retained=False)  # too late, and of no step that waits


async def test_a_step_of_which_nobody_says_anything_times_out(way: Way, hands: Hands) -> None:
    assert await asyncio.wait_for(hands.act(step(), 0.05), 1) == {"result": "timeout"}


async def test_a_broker_that_is_away_is_waited_for_but_not_for_long(
    way: Way, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.is_there.clear()
    monkeypatch.setattr(smartlogd.telemetry.hands, "REACH_S", 0.05)
    assert await asyncio.wait_for(hands.act(step(), 30.0), 1) == {"result": "away"}
    monkeypatch.setattr(smartlogd.telemetry.hands, "REACH_S", 10.0)
    acting = asyncio.create_task(hands.act(step(2), 30.0))
    await asyncio.sleep(0.02)
    way.is_there.set()
    await asked(way)
    hands.heard(answer(2), is_retained=False)
    assert await asyncio.wait_for(acting, 1) == {"result": "done"}


async def test_an_answer_counts_though_the_broker_never_said_that_it_had_the_step(
    way: Way, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.is_there.clear()
    monkeypatch.setattr(smartlogd.telemetry.hands, "REACH_S", 0.05)
    acting = asyncio.create_task(hands.act(step(), 30.0))
    await asyncio.sleep(0.01)
    hands.heard(answer(), is_retained=False)
    assert await asyncio.wait_for(acting, 1) == {"result": "done"}


async def test_what_is_not_understood_is_said_once_and_harms_nothing(
    way: Way, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    acting = asyncio.create_task(hands.act(step(), 30.0))
    await asked(way)
    for _ in range(3):
        hands.heard(b"done", is_retained=False)
    hands.heard(answer(), is_retained=True)
    hands.heard(b"", is_retained=True)
    assert not acting.done()
    assert len(caplog.records) == 2
    hands.heard(answer(), is_retained=False)
    assert await asyncio.wait_for(acting, 1) == {"result": "done"}


async def test_no_more_steps_wait_than_can_be_meant(way: Way, hands: Hands) -> None:
    acting = [asyncio.create_task(hands.act(step(number), 30.0)) for number in range(MOST_AT_ONCE)]
    await asked(way, MOST_AT_ONCE)
    assert (await hands.act(step(MOST_AT_ONCE), 30.0))["result"] == "away"
    for one in acting:
        one.cancel()
    await asyncio.gather(*acting, return_exceptions=True)
    assert hands._waiting == {}
