"""A clock that can be set, as a Pi's is when its network comes; and a schedule that turns beside a test."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from smartlogd.base.time import Stamp, SystemClock
from smartlogd.routines.schedule import Schedule


class SetClock:
    """The machine's clock, set to `start` and from there on as often as a test likes."""

    def __init__(self, start: dt.datetime, *, is_trusted: bool = True) -> None:
        self._machine = SystemClock()
        self._ahead = start - self._machine.now().utc
        self.is_trusted = is_trusted

    def now(self) -> Stamp:
        stamp = self._machine.now()
        return Stamp(stamp.mono_ns, stamp.utc + self._ahead, self.is_trusted)

    def set(self, to: dt.datetime) -> None:
        self._ahead = to - self._machine.now().utc


async def until(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def turning(schedule: Schedule) -> AsyncIterator[asyncio.Task[None]]:
    """The schedule, its jobs having their turns."""
    task = asyncio.create_task(schedule.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Hands:
    """A dispenser that is not there: it is asked, remembers what for, and answers as a test likes."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.answer: Mapping[str, Any] | None = {"result": "done"}
        """None: it never answers."""

    async def act(self, step: Mapping[str, Any], timeout_s: float) -> Mapping[str, Any]:
        self.asked.append(step)
        if self.answer is None:
            await asyncio.sleep(timeout_s)
            return {"result": "timeout"}
        return self.answer
