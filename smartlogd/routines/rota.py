"""The routines of people in a running daemon: whose turn it is, what was missed, what was cut.

Rows come and go beside it (by a person, from the centre), so they are read again every few seconds. Nothing begins by
itself before the clock can be believed, or has had its time to be set.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from smartlogd.base.errors import DiskTrouble, ServiceAway, UnusableInput
from smartlogd.base.known import Event, EventId, Json
from smartlogd.base.ports import Actuator, Ids
from smartlogd.base.time import Clock
from smartlogd.routines.missed import missed
from smartlogd.routines.options import RoutinesOptions
from smartlogd.routines.runner import Runner, Teller, Witness
from smartlogd.routines.schedule import Schedule, Zone
from smartlogd.store import plans as rows
from smartlogd.store.asker import Asker
from smartlogd.store.plans import Plan
from smartlogd.store.routines import the_routine

if TYPE_CHECKING:
    from smartlogd.store.engine import Store

LOOK_S = 10.0
"""How often the rows are read again when nobody says that they changed."""
TRUST_S = 0.5
"""How often the clock is asked whether it is set by now."""
LATE_S = 90.0
"""What comes so much after its time was missed: the clock was set forward over it, or the device slept."""
ON_THE_MINUTE = dt.timedelta(microseconds=1)

log = logging.getLogger("smartlogd.routines")


class Routines:
    """Runs what the rows say, from `run` until cancelled; all else may be called meanwhile.

    `options` are asked each time. `zone` is the device's own, for routines that name none.
    """

    def __init__(
        self,
        store: Store,
        schedule: Schedule,
        actuator: Actuator,
        *,
        ids: Ids,
        clock: Clock,
        options: Callable[[], RoutinesOptions],
        zone: Zone,
    ) -> None:
        self._store, self._schedule, self._clock = store, schedule, clock
        self._options, self._zone = options, zone
        self._teller = Teller(store.journal, ids, clock, store.origin.device)
        self._witness = Witness()
        self._runner = Runner(actuator, self._teller, self._witness)
        self._plans: dict[str, Plan] = {}
        self._told: dict[str, dt.datetime] = {}
        self._noted: Mapping[str, dt.datetime] = {}
        self._closed: set[str] = set()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._asker: Asker | None = None
        self._group: asyncio.TaskGroup | None = None
        self._is_trusted = False
        self._trouble = ""

    async def run(self) -> None:
        """Close what was cut, wait for the clock, and let routines begin by themselves; through a disk's troubles."""
        self._asker = asker = Asker(self._store.path)
        try:
            async with asyncio.TaskGroup() as group:
                await self._until_done(self._cut)
                self._group = group  # from here on, routines may begin
                await self._until_trusted()
                while True:
                    self._news.clear()
                    await self._until_done(self._look)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_S):
                            await self._news.wait()
        finally:
            self._group = self._asker = None
            for uid in tuple(self._plans):
                self._forget(uid)
            await asker.close()

    def again(self) -> None:
        """Rows or options changed: read them soon."""
        self._news.set()

    def saw(self, events: Iterable[Event]) -> None:
        """The camera saw these just now: what a step waits for may be among them. Returns at once."""
        self._witness.saw(events)

    async def run_now(self, name: str) -> Mapping[str, object]:
        """Begin a routine, by name or uid, whenever it is due and whether it is enabled or not; what to tell.

        Missing where there is none, UnusableInput where it cannot be run or runs already.
        """
        asker = self._asker
        if asker is None or self._group is None:
            raise ServiceAway("Routines are not run yet.", "Try again in a moment.")
        device = self._store.origin.device
        uid, called, _ = await asker.ask(lambda connection: the_routine(connection, device, name))
        plan = (await self._read(asker)).get(uid)
        if plan is None or plan.fault:
            raise UnusableInput(f"The routine {called} cannot be run: {plan.fault if plan else 'it is gone'}.")
        run = self._start(plan, "person")
        if run is None:
            raise UnusableInput(f"The routine {called} runs already.", "Let it come to its end.")
        return {"uid": uid, "name": called, "run": run, "steps": len(plan.steps)}

    # Before anything begins --------------------------------------------------------------------------

    async def _cut(self) -> None:
        """Tell of runs that the end of an earlier start cut: each has an end once."""
        assert self._asker is not None, "run() comes first"
        device_id = self._store.origin.device_id
        for one in await self._asker.ask(lambda connection: rows.begun(connection, device_id)):
            if one.event_id in self._closed:
                continue  # told a moment ago, and not on the disk yet
            about = {key: one.data[key] for key in ("routine", "name") if key in one.data}
            self._teller.told("routine_finished", {**about, "run": one.event_id, "result": "cut", "steps": []})
            self._closed.add(one.event_id)
            log.warning("routine was cut", extra={"routine": one.data.get("name"), "run": one.event_id})
        await self._store.change(rows.settled)
        self._noted = await self._asker.ask(rows.told)
        self._told = dict(self._noted)

    async def _until_trusted(self) -> None:
        """Wait for a clock that is set, but no longer than it may take."""
        left_s = within_s = self._options().trust_within_s
        while left_s > 0 and not self._clock.now().trusted:
            await asyncio.sleep(min(TRUST_S, left_s))
            left_s -= TRUST_S
        self._is_trusted = self._clock.now().trusted
        if not self._is_trusted:
            log.warning("routines go by a clock that is not set", extra={"waited_s": within_s})

    # The rows ----------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Take over what the rows say by now, and note when they come next."""
        assert self._asker is not None, "run() comes first"
        found, now = await self._read(self._asker), self._clock.now()
        if not self._is_trusted and now.trusted:
            log.info("clock is set: routines are planned anew")
            self._is_trusted, self._plans = True, {}
            self._told = dict.fromkeys(found, now.utc)  # what a clock that was wrong let come or not, is no one's guess
        for uid in self._plans.keys() - found.keys():
            self._forget(uid)
        for uid, plan in found.items():
            before = self._plans.get(uid)
            self._plans[uid] = plan
            if before is None or _essence(before) != _essence(plan) or self._is_on(plan) != self._is_planned(uid):
                self._take(plan)
        await self._note()

    async def _read(self, asker: Asker) -> Mapping[str, Plan]:
        """The routines of this device, by uid."""
        device = self._store.origin.device
        found = await asker.ask(lambda connection: rows.plans_of(connection, device))
        return {plan.uid: plan for plan in found}

    def _is_on(self, plan: Plan) -> bool:
        return plan.is_enabled and not plan.fault and self._options().enabled

    def _is_planned(self, uid: str) -> bool:
        return self._schedule.has(_job(uid))

    def _take(self, plan: Plan) -> None:
        """Plan a routine that is new or otherwise than before, and see what it missed."""
        if plan.fault and plan.is_enabled:
            log.warning("routine cannot be run", extra={"routine": plan.name, "what": plan.fault})
        if not self._is_on(plan):
            self._schedule.drop(_job(plan.uid))
            return
        if self._is_trusted:
            since = max(at for at in (plan.updated, plan.last_run, self._told.get(plan.uid)) if at is not None)
            self._look_back(plan, since)
        due = partial(self._due, plan.uid)
        self._schedule.at(_job(plan.uid), plan.times(), partial(self._zone_of, plan), due, came=plan.last_run)

    def _forget(self, uid: str) -> None:
        self._schedule.drop(_job(uid))
        del self._plans[uid]

    def _zone_of(self, plan: Plan) -> dt.tzinfo:
        return ZoneInfo(plan.timezone) if plan.timezone else self._zone()

    async def _note(self) -> None:
        """Write down when routines come next, and up to when it was told what was missed; where that is news."""
        due = {uid: self._schedule.next_of(_job(uid)) for uid in self._plans}
        known = {uid: at for uid, at in due.items() if at is not None or not self._is_planned(uid)}
        news = {uid: at for uid, at in known.items() if at != self._plans[uid].next_run}
        told = {uid: at for uid, at in self._told.items() if uid in self._plans}
        if news:
            await self._store.change(lambda connection: rows.comes(connection, news))
        if told != self._noted:
            await self._store.change(lambda connection: rows.note_told(connection, told))
            self._noted = told

    # Their turns -------------------------------------------------------------------------------------

    async def _due(self, uid: str, due: dt.datetime) -> None:
        """The time of a routine has come, or came a while ago by a clock that was set forward since."""
        plan, now = self._plans.get(uid), self._clock.now()
        if plan is None:
            return
        if (now.utc - due).total_seconds() <= LATE_S:
            self._start(plan, "schedule", {"due": due.isoformat()})
        elif self._is_trusted:
            self._look_back(plan, due - ON_THE_MINUTE)
        else:
            log.info("not made up for: the clock had not been set", extra={"routine": plan.name})

    def _look_back(self, plan: Plan, since: dt.datetime) -> None:
        """Where something was missed since then: run once, or not, and say so either way."""
        options, now = self._options(), self._clock.now().utc
        within = dt.timedelta(hours=options.catch_up_within_h)
        found = missed(plan.times(), self._zone_of(plan), since=since, now=now, within=within)
        if found is None:
            return
        self._told[plan.uid] = now
        about: dict[str, Json] = {"missed": found.times, "from": found.first.isoformat(), "to": found.last.isoformat()}
        is_made_up_for = options.catch_up == "one" and not found.is_late
        log.warning("routine was missed", extra={"routine": plan.name, "times": found.times, "run": is_made_up_for})
        if is_made_up_for:
            self._start(plan, "catch-up", {"due": found.last.isoformat(), **about})
        else:
            self._teller.tell("routine_finished", plan, {"run": None, "result": "missed", "steps": [], **about})

    def _start(self, plan: Plan, by: str, about: Mapping[str, Json] | None = None) -> str | None:
        """Begin a run, in a task of its own; the id of its first event, None where the one before is not over."""
        group = self._group
        if group is None or plan.uid in self._running:
            log.warning("routine runs still", extra={"routine": plan.name})
            return None
        steps: list[Json] = [step.type for step in plan.steps]
        run = self._teller.tell("routine_started", plan, {"by": by, "steps": steps, **(about or {})})
        log.info("routine begun", extra={"routine": plan.name, "by": by})
        task = self._running[plan.uid] = group.create_task(self._run(plan, run), name=f"routine: {plan.name}")
        task.add_done_callback(lambda _: self._running.pop(plan.uid, None))
        return str(run)

    async def _run(self, plan: Plan, run: EventId) -> None:
        """One run. Nobody is asked for anything before it is on the disk that it began: it is not done twice."""
        began = self._teller.now().utc
        try:
            async with self._noted_of(plan):
                await self._store.change(lambda connection: rows.ran(connection, plan.uid, began))
        except asyncio.CancelledError:
            self._runner.stopped(plan, run)
            raise
        async with self._noted_of(plan):
            await self._runner.run(plan, run, self._options().step_timeout_s)
        self._news.set()

    @contextlib.asynccontextmanager
    async def _noted_of(self, plan: Plan) -> AsyncIterator[None]:
        """What is done goes on where the log takes no note of it, which is said: a dog is hungry all the same."""
        try:
            yield
        except DiskTrouble as trouble:
            log.warning("routine not noted", extra={"routine": plan.name, "what": trouble.what})

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it; where the log cannot be read or written just now, which is said once, until it can."""
        while True:
            try:
                await work()
            except DiskTrouble as trouble:
                if trouble.what != self._trouble:
                    log.warning("routines not read", extra={"what": trouble.what, "hint": trouble.hint})
                self._trouble = trouble.what
                await asyncio.sleep(LOOK_S)
            else:
                self._trouble = ""
                return


def _job(uid: str) -> str:
    """What a routine's turns are called in the schedule."""
    return f"routine {uid}"


def _essence(plan: Plan) -> Plan:
    """What a routine is, apart from when it ran."""
    return replace(plan, last_run=None, next_run=None)
