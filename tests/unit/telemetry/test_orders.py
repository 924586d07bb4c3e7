"""Commands wait, are obeyed one after the other, and are answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from speaker import TestClock

from smartlogd.base.errors import UnusableInput
from smartlogd.base.health import Command
from smartlogd.base.known import Json
from smartlogd.telemetry import orders as module
from smartlogd.telemetry.orders import MOST_WAITING, Orders
from smartlogd.telemetry.topics import Thing, Topics

ROOT = "smartlogd/door"


class Desk:
    """Who obeys, and who hears the answers."""

    def __init__(self) -> None:
        self.outcome: Mapping[str, object] | Exception = {"done": True}
        self.obeyed: list[Command] = []
        self.answers: list[tuple[Thing, Mapping[str, Json]]] = []
        self.hold: asyncio.Event | None = None
        self.orders = Orders(Topics("smartlogd", "door"), clock=TestClock(), obey=self._obey, answer=self._answer)

    def hear(self, thing: str, payload: bytes = b"PRESS", *, is_retained: bool = False) -> None:
        self.orders.heard(f"{ROOT}/{thing}/set", payload, is_retained=is_retained)

    async def answered(self, most: int) -> None:
        async with asyncio.timeout(5):
            while len(self.answers) < most:
                await asyncio.sleep(0.001)

    async def _obey(self, command: Command) -> Mapping[str, object]:
        self.obeyed.append(command)
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def _answer(self, thing: Thing, message: Mapping[str, Json]) -> None:
        self.answers.append((thing, message))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    task = asyncio.create_task(made.orders.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_each_is_obeyed_in_its_turn_and_answered(desk: Desk) -> None:
    desk.hear("sync")
    desk.hear("pause", b"ON")
    await desk.answered(2)
    assert desk.obeyed == [Command("sync"), Command("pause")]
    assert [(thing.what, message["ok"], message["done"]) for thing, message in desk.answers] == [
        ("sync", True, True),
        ("pause", True, True),
    ]
    assert desk.orders.obeyed == 2


async def test_what_is_refused_or_fails_is_answered_too(desk: Desk) -> None:
    desk.outcome = UnusableInput("Not now.", "Later.")
    desk.hear("pause", b"nonsense")
    desk.hear("sync", is_retained=True)
    desk.hear("sync")
    await desk.answered(3)
    assert [message["ok"] for _, message in desk.answers] == [False] * 3
    assert desk.answers[2][1]["why"] == "Not now."
    assert desk.orders.refused == 2
    assert len(desk.obeyed) == 1


async def test_what_is_meant_for_nobody_takes_no_place(desk: Desk) -> None:
    for _ in range(3 * MOST_WAITING):
        desk.hear("nonsense")
        desk.hear("sync", b"", is_retained=True)
    assert desk.orders.dropped == 0
    desk.hear("sync")
    await desk.answered(1)
    assert len(desk.answers) == 1


async def test_more_than_a_few_are_dropped(desk: Desk) -> None:
    for _ in range(3 * MOST_WAITING):
        desk.hear("sync")
    assert desk.orders.dropped == 2 * MOST_WAITING
    await desk.answered(MOST_WAITING)


async def test_a_command_that_takes_for_ever_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OBEYED_S", 0.05)
    desk.hold = asyncio.Event()
    desk.hear("sync")
    await desk.answered(1)
    assert "within" in str(desk.answers[0][1]["why"])
    assert not desk.orders.obeyed
