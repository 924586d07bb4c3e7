"""One run of a routine."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from clockwork import Hands, SetClock, until

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, EventId
from smartlogd.base.ports import Journal
from smartlogd.routines.runner import Runner, Teller, Witness
from smartlogd.store.plans import Plan, Step

RUN = EventId(UUID(int=7))
AT = dt.datetime(2027, 3, 1, tzinfo=dt.UTC)


class Pages:
    """A journal that keeps what is appended; `is_closed` takes nothing more."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_closed = False

    def append(self, event: Event) -> None:
        if self.is_closed:
            raise DiskTrouble("The journal has ended.")
        self.events.append(event)


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def runner(pages: Pages, hands: Hands, witness: Witness, clock: SetClock) -> Runner:
    return Runner(hands, Teller(cast(Journal, pages), LiveIds(), clock, "yard"), witness)


def plan(*steps: Step) -> Plan:
    return Plan(str(UUID(int=31)), "breakfast", "0 8 * * *", "", steps, True, False, AT, None, None)


def step(type_: str, duration_s: float = 0.0, **params: Any) -> Step:
    return Step(type_, duration_s, params)


def results(event: Event) -> list[Any]:
    steps = cast("list[Mapping[str, Any]]", event.data["steps"])
    return [(one["type"], one["result"], one["by"]) for one in steps]


async def test_steps_are_done_in_their_order_and_told_at_the_end(runner: Runner, pages: Pages, hands: Hands) -> None:
    steps = (step("treat", count=2), step("wait", 0.05), step("play", 12.0, toy="ball"))
    assert await runner.run(plan(*steps), RUN, 30.0) == "done"
    assert [one["type"] for one in hands.asked] == ["treat", "play"]
    asked = hands.asked[1]
    assert {key: asked[key] for key in ("routine", "name", "run", "step", "of", "duration_s", "params")} == {
        "routine": str(UUID(int=31)), "name": "breakfast", "run": str(RUN), "step": 3, "of": 3, "duration_s": 12.0,
        "params": {"toy": "ball"},
    }  # fmt: skip
    assert len({one["id"] for one in hands.asked}) == 2
    assert [event.type for event in pages.events] == ["treat_dispensed", "treat_dispensed", "routine_finished"]
    treat, finished = pages.events[0], pages.events[-1]
    assert (treat.device, treat.data) == (
        "yard",
        {"routine": str(UUID(int=31)), "name": "breakfast", "run": str(RUN), "step": 1, "result": "done"},
    )
    assert (finished.data["run"], finished.data["result"]) == (str(RUN), "done")
    assert results(finished) == [("treat", "done", "actuator"), ("wait", "done", "clock"), ("play", "done", "actuator")]
    waited = cast("list[Mapping[str, Any]]", finished.data["steps"])[1]
    assert 0.05 <= waited["took_s"] < 1


async def test_a_step_that_fails_does_not_keep_the_next_from_being_tried(
    runner: Runner, pages: Pages, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    hands.answer = {"result": "failed", "detail": "the hopper is empty"}
    assert await runner.run(plan(step("treat"), step("pet")), RUN, 30.0) == "failed"
    assert [one["type"] for one in hands.asked] == ["treat", "pet"]
    (finished,) = pages.events
    assert results(finished) == [("treat", "failed", "actuator"), ("pet", "failed", "actuator")]
    assert cast("list[Mapping[str, Any]]", finished.data["steps"])[0]["detail"] == "the hopper is empty"
    (said,) = caplog.records
    assert (said.levelno, said.message, vars(said)["result"]) == (logging.WARNING, "routine finished", "failed")


async def test_nobody_who_answers_is_a_timeout(runner: Runner, pages: Pages, hands: Hands) -> None:
    hands.answer = None
    assert await runner.run(plan(step("treat", 0.02)), RUN, 0.03) == "failed"
    (finished,) = pages.events
    assert results(finished) == [("treat", "timeout", "clock")]


async def test_nobody_who_can_be_asked_is_told_as_away(runner: Runner, pages: Pages, hands: Hands) -> None:
    hands.answer = {"result": "away"}
    assert await runner.run(plan(step("treat"), step("wait", 0.01)), RUN, 30.0) == "failed"
    assert results(pages.events[0]) == [("treat", "away", "clock"), ("wait", "done", "clock")]


@pytest.mark.parametrize("answer", [None, {"result": "away"}])
@pytest.mark.parametrize(
    ("type_", "seen", "data"), [("sit_drill", "sit", {}), ("fetch", "fetch_return", {"success": True})]
)
async def test_a_drill_is_done_when_the_camera_sees_it(
    runner: Runner, pages: Pages, hands: Hands, witness: Witness, clock: SetClock, answer: Any, type_: str, seen: str,
    data: dict[str, Any],
) -> None:  # fmt: skip
    hands.answer = answer
    running = asyncio.create_task(runner.run(plan(step(type_, 10.0)), RUN, 30.0))
    await until(lambda: bool(hands.asked))
    for event, about in (("stand", {}), ("fetch_return", {"success": False}), (seen, data)):
        assert not running.done()
        witness.saw((Event(EventId(uuid4()), "yard", event, clock.now(), data=about),))
        await asyncio.sleep(0.01)
    assert await asyncio.wait_for(running, 5) == "done"
    assert results(pages.events[0]) == [(type_, "done", "camera")]


async def test_a_drill_that_the_actuator_ends_is_ended(runner: Runner, pages: Pages, hands: Hands) -> None:
    hands.answer = {"result": "failed"}
    assert await runner.run(plan(step("sit_drill", 10.0)), RUN, 30.0) == "failed"
    assert results(pages.events[0]) == [("sit_drill", "failed", "actuator")]


async def test_what_is_seen_while_nobody_waits_is_passed_over(witness: Witness, clock: SetClock) -> None:
    sit = Event(EventId(uuid4()), "yard", "sit", clock.now())
    witness.saw((sit,))
    waiting = [asyncio.create_task(witness.of("sit")) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in waiting)
    witness.saw((sit, sit))
    await asyncio.wait_for(asyncio.gather(*waiting), 1)


@pytest.mark.parametrize("is_closed", [False, True])
async def test_a_run_that_is_stopped_says_so_where_it_still_can(
    runner: Runner, pages: Pages, hands: Hands, is_closed: bool
) -> None:
    running = asyncio.create_task(runner.run(plan(step("pet"), step("wait", 60.0)), RUN, 30.0))
    await until(lambda: bool(hands.asked))
    await asyncio.sleep(0.01)
    pages.is_closed = is_closed
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [event.data["result"] for event in pages.events] == ([] if is_closed else ["stopped"])
    assert all(results(event) == [("pet", "done", "actuator")] for event in pages.events)
