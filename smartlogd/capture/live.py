"""A live camera, seen from the parent: it may hang, vanish or never come, and the frames go on."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress

from smartlogd.base.errors import CameraLost
from smartlogd.base.seen import Frame
from smartlogd.base.time import Clock, Stamp
from smartlogd.capture.backoff import pauses
from smartlogd.capture.child import Errand
from smartlogd.capture.latest import Latest
from smartlogd.capture.life import Life, begun
from smartlogd.capture.options import CaptureOptions

log = logging.getLogger("smartlogd.capture")


class LiveCamera:
    """The newest frame of a camera that runs in a child process.

    `lens` is "module:function" and `clock` stamps the pictures; both are used in the child. A camera
    that gives nothing for `stall_s`, does not open within `open_s`, or whose process ends, is lost:
    that is said in the log once, the child is killed, and after a growing pause a new one is started.
    The iteration ends only by `close`.
    """

    def __init__(
        self,
        name: str,
        lens: str,
        options: CaptureOptions,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
        self._lens = lens
        self._options = options
        self._clock = clock
        self._chance = chance
        self._status = "opening"
        self._latest = Latest()
        self._next_seq = 0
        self._life: Life | None = None
        self._closing = asyncio.Event()

    @property
    def name(self) -> str:
        """The device or address, without credentials."""
        return self._name

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced before anyone took them."""
        return self._latest.dropped

    @property
    def status(self) -> str:
        """One of: opening, running, lost, ended."""
        return self._status

    async def frames(self) -> AsyncIterator[Frame]:
        """The newest frame, each time one is asked for, until the camera is closed."""
        waits = self._pauses()
        while not self._closing.is_set():
            began: Stamp | None = None
            try:
                async with aclosing(self._opened()) as shots:
                    async for frame in shots:
                        began = began or frame.stamp
                        if frame.stamp.since(began) > self._options.stall_s:
                            waits = self._pauses()
                        yield frame
            except CameraLost as lost:
                await self._lose(lost, next(waits))

    def _pauses(self) -> Iterator[float]:
        return pauses(self._options.backoff_s, self._options.backoff_roof_s, self._chance)

    async def _opened(self) -> AsyncGenerator[Frame, None]:
        """The frames of one child; raises CameraLost when it fails."""
        errand = Errand(self._lens, self._options, self._clock, self._next_seq, os.getpid())
        life = self._life = await begun(errand, self._latest)
        limit_s = self._options.open_s
        try:
            while not self._closing.is_set():
                frame = await life.newest(limit_s)
                if frame is None:
                    continue
                limit_s = self._options.stall_s
                self._run()
                yield frame
        finally:
            self._next_seq = max(self._next_seq, life.next_seq)
            await life.end(gently=self._closing.is_set())

    def _run(self) -> None:
        if self._status != "running" and not self._closing.is_set():
            self._status = "running"
            log.info("camera running", extra={"camera": self._name})

    async def _lose(self, lost: CameraLost, pause_s: float) -> None:
        if self._closing.is_set():
            return
        self._status = "lost"
        log.warning(
            "camera lost",
            extra={"camera": self._name, "why": lost.what, "hint": lost.hint, "again_in_s": round(pause_s, 2)},
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._closing.wait()

    async def close(self) -> None:
        """Give the camera back; the child is killed if it does not leave by itself at once."""
        self._closing.set()
        self._status = "ended"
        if self._life is not None:
            await self._life.end(gently=True)
