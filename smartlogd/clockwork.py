"""What happens by itself in a running daemon, and when: its own jobs and the routines of people, on one schedule."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from smartlogd import wiring
from smartlogd.base.errors import ServiceAway, UnusableInput
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, Json
from smartlogd.base.ports import Actuator
from smartlogd.base.time import Clock
from smartlogd.device import zone
from smartlogd.routines.schedule import Job, Schedule, Work

if TYPE_CHECKING:
    from smartlogd.routines.rota import Routines
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.store.upkeep import Upkeep

SWEEP_S = 3600.0
"""How often pictures and strangers' faces that were kept long enough go."""


class Clockwork:
    """Turns from `run` until cancelled; all else may be called meanwhile.

    `sweep` lets faces go, `fetch` asks the centre for news, `beat` sends a heartbeat: each once.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        store: Store,
        clock: Clock,
        actuator: Actuator,
        *,
        sweep: Work,
        fetch: Work,
        beat: Work,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings, self._store, self._clock, self._actuator = settings, store, clock, actuator
        self._sweep, self._fetch, self._beat, self._chance = sweep, fetch, beat, chance
        self.schedule = Schedule(self._zone, clock, chance=chance)
        self._upkeep: Upkeep | None = None
        self._routines: Routines | None = None

    async def run(self) -> None:
        """Let everything have its turn, until cancelled."""
        upkeep, routines = await asyncio.to_thread(self._made)
        self._upkeep, self._routines = upkeep, routines
        self._wind(upkeep, self._settings())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.schedule.run())
                group.create_task(routines.run())
        finally:
            await upkeep.close()

    def saw(self, events: Iterable[Event]) -> None:
        """The camera saw these just now. Returns at once."""
        if self._routines is not None:
            self._routines.saw(events)

    def again(self) -> None:
        """Routines were added, removed or changed."""
        if self._routines is not None:
            self._routines.again()

    def changed(self, old: Settings, new: Settings) -> None:
        """Settings were read again: what they say of times counts from here on."""
        if self._upkeep is not None and _times(old) != _times(new):
            self._wind(self._upkeep, new)
        if old.device.timezone != new.device.timezone:
            self.schedule.again()
        self.again()

    async def run_now(self, arguments: Mapping[str, Json]) -> Mapping[str, object]:
        """Begin a routine: {"run": its name or uid}; what to tell."""
        name = arguments.get("run")
        if not isinstance(name, str) or len(name) > 200 or len(arguments) != 1:
            raise UnusableInput("The request does not say which routine is to run.", 'Send {"run": "breakfast"}.')
        if self._routines is None:
            raise ServiceAway("Routines are not run yet.", "Try again in a moment.")
        return await self._routines.run_now(name)

    def jobs(self) -> Mapping[str, object]:
        """The daemon's own jobs, as plain JSON values."""
        return {"jobs": [_told(job) for job in self.schedule.jobs()]}

    def _made(self) -> tuple[Upkeep, Routines]:
        """Who does what is to be done; importing them takes a while, in which the first frames are to be seen."""
        from smartlogd.routines.rota import Routines

        routines = Routines(
            self._store,
            self.schedule,
            self._actuator,
            ids=LiveIds(),
            clock=self._clock,
            options=lambda: self._settings().routines,
            zone=self._zone,
        )
        return wiring.upkeep(self._store, self._settings), routines

    def _zone(self) -> ZoneInfo:
        return zone(self._settings().device.timezone)

    def _wind(self, upkeep: Upkeep, settings: Settings) -> None:
        """Put in what is to be done, each at its time; what has its time already begins anew."""
        every, interval_s = self.schedule.every, settings.sync.interval_s
        chores = {chore.name: chore for chore in upkeep.jobs()}
        for gone in {job.name for job in self.schedule.jobs()} - chores.keys():
            self.schedule.drop(gone)
        for chore in chores.values():
            every(chore.name, chore.when, chore.work)
        every("faces", SWEEP_S, self._sweep)
        every("heartbeat", settings.telemetry.heartbeat_s, self._beat)
        if settings.sync.enabled:  # devices that were switched on together ask the centre one after the other
            every("sync", interval_s, self._fetch, first_s=interval_s * self._chance())


def _times(settings: Settings) -> tuple[object, ...]:
    """What says how often jobs are done."""
    store, sync = settings.store, settings.sync
    return store.backup_cron, sync.enabled, sync.interval_s, settings.telemetry.heartbeat_s


def _told(job: Job) -> Mapping[str, object]:
    return {
        "name": job.name,
        "when": job.when,
        "next_at": None if job.next_at is None else job.next_at.isoformat(timespec="milliseconds"),
        "last_at": None if job.last_at is None else job.last_at.isoformat(timespec="milliseconds"),
        "running": job.is_running,
        "trouble": job.trouble,
    }
