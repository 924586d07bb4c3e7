"""One run of a routine: its steps one after the other, and what is told of it in the log."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.ids import uuid7
from smartlogd.base.known import Event, EventId, Json
from smartlogd.base.ports import Actuator, Ids, Journal
from smartlogd.base.time import Clock, Stamp
from smartlogd.routines.steps import SEEN, TREAT, WAIT, Move, StepRun, answered, treats, whole

if TYPE_CHECKING:
    from smartlogd.store.plans import Plan, Step

log = logging.getLogger("smartlogd.routines")


class Witness:
    """Hears what the camera sees, for those who wait for it."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    def saw(self, events: Iterable[Event]) -> None:
        """These happened just now."""
        if not self._waiting:
            return
        for event in events:
            if event.data.get("success", True):
                self._tell(event.type)

    async def of(self, type_: str) -> None:
        """Return when an event of this type is seen."""
        waiting = type_, asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await waiting[1]
        finally:
            self._waiting.remove(waiting)

    def _tell(self, type_: str) -> None:
        for wanted, future in self._waiting:
            if wanted == type_ and not future.done():
                future.set_result(None)


class Teller:
    """Writes the events of routines into the log."""

    def __init__(self, journal: Journal, ids: Ids, clock: Clock, device: str) -> None:
        self._journal, self._ids, self._clock, self._device = journal, ids, clock, device

    def tell(self, type_: str, plan: Plan, data: Mapping[str, Json]) -> EventId:
        """Append an event about a routine; its id."""
        return self.told(type_, {"routine": plan.uid, "name": plan.name, **data})

    def told(self, type_: str, data: Mapping[str, Json]) -> EventId:
        """The same, of a routine whose row may be gone."""
        stamp = self._clock.now()
        event = Event(self._ids.event(type_, None, stamp), self._device, type_, stamp, data=data)
        self._journal.append(event)
        return event.id

    def now(self) -> Stamp:
        """This instant, as events are stamped."""
        return self._clock.now()


class Runner:
    """Does the steps of routines; several run at once where they are of several routines."""

    def __init__(self, actuator: Actuator, teller: Teller, witness: Witness) -> None:
        self._actuator, self._teller, self._witness = actuator, teller, witness

    async def run(self, plan: Plan, run: EventId, timeout_s: float) -> str:
        """Do its steps; how it went. A step that fails does not keep the next from being tried.

        Cancelled, it is told as stopped.
        """
        done: list[StepRun] = []
        try:
            for number, step in enumerate(plan.steps):
                done.append(await self._step(plan, run, number, step, timeout_s))
        except asyncio.CancelledError:
            self.stopped(plan, run, done)
            raise
        result = whole(done)
        self._finish(plan, run, result, done)
        return result

    def stopped(self, plan: Plan, run: EventId, done: Sequence[StepRun] = ()) -> None:
        """Tell that it was stopped, where the log still takes it; else it is found cut at the next start."""
        with contextlib.suppress(DiskTrouble):
            self._finish(plan, run, "stopped", done)

    def _finish(self, plan: Plan, run: EventId, result: str, done: Sequence[StepRun]) -> None:
        steps: list[Json] = [step.told() for step in done]
        self._teller.tell("routine_finished", plan, {"run": str(run), "result": result, "steps": steps})
        words = [step.standing.value for step in done]
        level = logging.INFO if result == "done" else logging.WARNING
        log.log(level, "routine finished", extra={"routine": plan.name, "result": result, "steps": ",".join(words)})

    async def _step(self, plan: Plan, run: EventId, number: int, step: Step, timeout_s: float) -> StepRun:
        """Do one step; what became of it."""
        loop, asked = asyncio.get_running_loop(), StepRun(step.type).moved(Move.ASK)
        began_s = loop.time()
        if step.type == WAIT:
            await asyncio.sleep(step.duration_s)
            return asked.moved(Move.DONE, took_s=loop.time() - began_s, by="clock")
        now = self._teller.now()
        message: dict[str, Json] = {
            "id": str(uuid7(now)),
            "time": now.utc.isoformat(timespec="milliseconds"),
            "routine": plan.uid,
            "name": plan.name,
            "run": str(run),
            "step": number + 1,
            "of": len(plan.steps),
            "type": step.type,
            "duration_s": step.duration_s,
            "params": step.params,
        }
        said, by = await self._acted(message, step.type, step.duration_s + timeout_s)
        detail = said.get("detail")
        over = asked.moved(
            answered(said), took_s=loop.time() - began_s, by=by, detail=detail if isinstance(detail, str) else ""
        )
        if step.type == TREAT and answered(said) is Move.DONE:
            for _ in range(treats(step.params)):
                self._teller.tell("treat_dispensed", plan, {"run": str(run), "step": number + 1, "result": "done"})
        return over

    async def _acted(self, message: Mapping[str, Json], type_: str, timeout_s: float) -> tuple[Mapping[str, Json], str]:
        """What is said of the step, and by whom: the actuator, the camera that saw it, or the clock."""
        acting = asyncio.ensure_future(self._actuator.act(message, timeout_s))
        seeing = asyncio.ensure_future(self._witness.of(SEEN[type_])) if type_ in SEEN else None
        both = {acting} if seeing is None else {acting, seeing}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if seeing is not None and not seeing.done() and acting.result().get("result") == "away":
                # Nobody could be asked, and yet it may be done: someone in the room may ask for it.
                await asyncio.wait({seeing}, timeout=timeout_s)
            if seeing is not None and seeing.done():
                return {"result": "done"}, "camera"
            said = acting.result()
            return said, "clock" if said.get("result") in {"timeout", "away"} else "actuator"
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
