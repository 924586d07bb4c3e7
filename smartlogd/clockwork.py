"""What happens by itself in a running daemon, and when: its own jobs and the routines of people, on one schedule."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from smartlogd import wiring
from smartlogd.base.errors import UnusableInput
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, Json
from smartlogd.base.ports import Actuator
from smartlogd.base.time import Clock
from smartlogd.device import zone
from smartlogd.routines.rota import Routines
from smartlogd.routines.schedule import Job, Schedule, Work

if TYPE_CHECKING:
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store

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
        self._settings, self._chance = settings, chance
        self._sweep, self._fetch, self._beat = sweep, fetch, beat
        self.schedule = Schedule(lambda: zone(settings().device.timezone), clock, chance=chance)
        self._upkeep = wiring.upkeep(store, settings)
        self._routines = Routines(
            store,
            self.schedule,
            actuator,
            ids=LiveIds(),
            clock=clock,
            options=lambda: settings().routines,
            zone=lambda: zone(settings().device.timezone),
        )

    async def run(self) -> None:
        """Let everything have its turn, until cancelled."""
        self._wind(self._settings())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.schedule.run())
                group.create_task(self._routines.run())
        finally:
            await self._upkeep.close()

    def saw(self, events: Iterable[Event]) -> None:
        """The camera saw these just now. Returns at once."""
        self._routines.saw(events)

    def again(self) -> None:
        """Routines were added, removed or changed."""
        self._routines.again()

    def changed(self, old: Settings, new: Settings) -> None:
        """Settings were read again: what they say of times counts from here on."""
        if _times(old) != _times(new):
            self._wind(new)
        if old.device.timezone != new.device.timezone:
            self.schedule.again()
        self._routines.again()

    async def run_now(self, arguments: Mapping[str, Json]) -> Mapping[str, object]:
        """Begin a routine: {"run": its name or uid}; what to tell."""
        name = arguments.get("run")
        if not isinstance(name, str) or len(name) > 200 or len(arguments) != 1:
            raise UnusableInput("The request does not say which routine is to run.", 'Send {"run": "breakfast"}.')
        return await self._routines.run_now(name)

    def jobs(self) -> Mapping[str, object]:
        """The daemon's own jobs, as plain JSON values."""
        return {"jobs": [_told(job) for job in self.schedule.jobs()]}

    def _wind(self, settings: Settings) -> None:
        """Put in what is to be done, each at its time; what has its time already begins anew."""
        every, interval_s = self.schedule.every, settings.sync.interval_s
        chores = {chore.name: chore for chore in self._upkeep.jobs()}
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
