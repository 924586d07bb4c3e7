"""The one file that knows APScheduler: it wakes whoever is due, on the running loop, and no one while they still work.

What is due when is not its business. It reads the machine's wall clock, which a Pi without a battery sets by months
when its network comes; its own interval trigger would then walk through every interval of these months. So each job
has a trigger that only says how long it is still to wait, by the clock of whoever asks.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

_QUIET = logging.CRITICAL + 1
"""What goes wrong in a job is said by its schedule, in our words and once."""


class _Left(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """Is due when nothing is left to wait. `passed` is called when its time has come, before that is asked again."""

    def __init__(self, left_s: Callable[[], float], passed: Callable[[], None]) -> None:
        self._left_s, self._passed = left_s, passed

    def get_next_fire_time(self, previous_fire_time: dt.datetime | None, now: dt.datetime) -> dt.datetime:
        """The next time by APScheduler's own clock; always later than `now` once it was `passed`."""
        if previous_fire_time is not None:
            self._passed()
        return now + dt.timedelta(seconds=max(0.0, self._left_s()))


class Wheel:
    """Turns on the running loop from `start` to `stop`; `come` is awaited when a job's time has come."""

    def __init__(
        self, left_s: Callable[[str], float], passed: Callable[[str], None], come: Callable[[str], Awaitable[None]]
    ) -> None:
        self._left_s, self._passed, self._come = left_s, passed, come
        logging.getLogger("apscheduler").setLevel(_QUIET)
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone=dt.UTC, job_defaults=defaults)

    def start(self) -> None:
        """Begin to turn."""
        self._scheduler.start()

    def stop(self) -> None:
        """Turn no more."""
        self._scheduler.shutdown(wait=False)

    def put(self, name: str) -> None:
        """A job of this name is due from now on when nothing is left to wait for it."""
        trigger = _Left(lambda: self._left_s(name), lambda: self._passed(name))
        self._scheduler.add_job(self._woken, trigger, args=(name,), id=name, replace_existing=True)

    def take(self, name: str) -> None:
        """The job is due no more."""
        self._scheduler.remove_job(name)

    def turn(self, name: str) -> None:
        """Ask anew how long is left: a clock was set."""
        job = self._scheduler.get_job(name)
        job.reschedule(job.trigger)

    async def _woken(self, name: str) -> None:
        await self._come(name)
