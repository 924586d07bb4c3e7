"""A lens that is turned by hand, and models that see nothing: the thinnest of what a river is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np

from smartlogd.base.geometry import Box
from smartlogd.base.seen import Detection, Frame
from smartlogd.base.time import SystemClock
from smartlogd.base.time import monotonic_s as now_s

GREY = np.full((48, 64, 3), 90, np.uint8)


class Lens:
    """A camera that gives a grey frame every few milliseconds while it is open, and none while it is `lost`."""

    dropped = 0

    def __init__(self, name: str = "lens") -> None:
        self.name = name
        self.is_paused = self.is_closed = self.is_lost = False
        self.asked: list[str] = []
        self.given = 0

    @property
    def status(self) -> str:
        if self.is_closed:
            return "ended"
        if self.is_paused:
            return "paused"
        return "lost" if self.is_lost else "running"

    async def frames(self) -> AsyncIterator[Frame]:
        while not self.is_closed:
            await asyncio.sleep(0.005)
            if self.status == "running":
                self.given += 1
                yield Frame(self.given, SystemClock().now(), GREY)

    async def pause(self) -> None:
        self.asked.append("pause")
        self.is_paused = True

    async def resume(self) -> None:
        self.asked.append("resume")
        self.is_paused = False

    async def close(self) -> None:
        self.asked.append("close")
        self.is_closed = True


class Models:
    """A detector that finds nobody."""

    def __init__(self, profile: str = "door") -> None:
        self.profile = profile
        self.closed = 0

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        return ()

    async def close(self) -> None:
        self.closed += 1


async def until(is_so: Callable[[], object], within_s: float = 10.0) -> None:
    """Return once it is so."""
    end_s = now_s() + within_s
    while not is_so():
        assert now_s() < end_s, "it never came to that"
        await asyncio.sleep(0.002)


@asynccontextmanager
async def alongside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """The work as a task, for as long as the block lasts; what it failed with is raised at the end."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
