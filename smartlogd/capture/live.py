"""A live camera, seen from the parent: it may hang, vanish or never come, and the frames go on."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing

from smartlogd.base.errors import CameraLost
from smartlogd.base.seen import Frame
from smartlogd.base.time import Clock, Stamp, monotonic_s
from smartlogd.capture.backoff import pauses
from smartlogd.capture.child import Errand
from smartlogd.capture.latest import Latest
from smartlogd.capture.life import Life, Silence, begun
from smartlogd.capture.options import CaptureOptions
from smartlogd.capture.shutter import Shutter

log = logging.getLogger("smartlogd.capture")

_TIMES_AS_LONG = 2.0
"""How much longer than ever before an opening may take, once it is known how long it takes."""
_PATIENT_FROM = 16
"""After so many silent attempts in a row, and after each doubling of that, one is given all the time there is."""


class LiveCamera:
    """The newest frame of a camera that runs in a child process.

    `lens` is "module:function" and `clock` stamps the pictures; both are used in the child. A camera
    that gives nothing for `stall_s`, does not open within `open_s`, or whose process ends, is lost:
    that is said in the log, once for each reason, the child is killed, and after a pause a new one is
    started. While it is paused there is no child, so that the device is closed. The iteration ends only by `close`.
    `like` is the camera whose place it takes: how long that one took to open is known already.
    """

    def __init__(
        self,
        name: str,
        lens: str,
        options: CaptureOptions,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
        like: LiveCamera | None = None,
    ) -> None:
        self._name = name
        self._lens = lens
        self._options = options
        self._clock = clock
        self._chance = chance
        self._status, self._why = "opening", ""
        self._latest = Latest()
        self._next_seq = self._silences = 0
        is_known = like is not None and like.name == name
        self._longest_opening_s: float | None = like._longest_opening_s if like and is_known else None
        self._life: Life | None = None
        self._starting = asyncio.Lock()
        self._shutter = Shutter()

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
        """One of: opening, running, lost, paused, ended."""
        return self._shutter.word or self._status

    async def frames(self) -> AsyncIterator[Frame]:
        """The newest frame, each time one is asked for, until the camera is closed."""
        waits = self._pauses()
        while await self._shutter.opened():
            began: Stamp | None = None
            try:
                async with aclosing(self._opened()) as shots:
                    async for frame in shots:
                        began = began or frame.stamp
                        if frame.stamp.since(began) > self._options.stall_s:
                            waits = self._pauses()
                        yield frame
                waits = self._pauses()  # it was paused: the failures before that are forgotten
            except Silence as silence:  # the wait was long enough already
                self._silences += 1
                await self._lose(silence, min(next(waits), self._options.backoff_s))
            except CameraLost as lost:
                await self._lose(lost, next(waits))

    def _pauses(self) -> Iterator[float]:
        return pauses(self._options.backoff_s, self._options.backoff_roof_s, self._chance)

    async def _opened(self) -> AsyncGenerator[Frame, None]:
        """The frames of one child, until the shutter is turned; raises CameraLost when it fails."""
        began_s, is_first = monotonic_s(), True
        life = await self._begun()
        try:
            while life is not None and self._is_live(life):
                frame = await life.newest(self._patience_s() if is_first else self._options.stall_s)
                if frame is None or not self._is_live(life):
                    continue
                if is_first:
                    is_first = False
                    self._run(monotonic_s() - began_s)
                yield frame
        finally:
            if life is not None:
                self._next_seq = max(self._next_seq, life.next_seq)
                await life.end(gently=not self._shutter.is_open)  # however long it takes: the device opens but once

    async def _begun(self) -> Life | None:
        """A new child; None where the shutter was turned meanwhile. Whoever shuts it waits for this."""
        async with self._starting:
            if not self._shutter.is_open:
                return None
            errand = Errand(self._lens, self._options, self._clock, self._next_seq, os.getpid())
            self._life = await begun(errand, self._latest)
            return self._life

    def _is_live(self, life: Life) -> bool:
        """Whether its pictures are wanted; a pause that is over already has ended it too."""
        return self._shutter.is_open and not life.is_ended

    def _patience_s(self) -> float:
        """How long the first frame may take: less than at the very first time, once it is known.

        A driver that froze may never return from an open; the sooner it is tried anew, the sooner it is back. But now
        and then it is waited for longer, for the camera may have become slower than it ever was.
        """
        silences = self._silences
        is_patient = silences >= _PATIENT_FROM and silences & (silences - 1) == 0  # 16, 32, 64 ...
        if is_patient or self._longest_opening_s is None:
            return self._options.open_s
        return min(self._options.open_s, max(self._options.stall_s, _TIMES_AS_LONG * self._longest_opening_s))

    def _run(self, opening_s: float) -> None:
        """Note that it is open, and how long that took."""
        self._longest_opening_s = max(opening_s, self._longest_opening_s or 0.0)
        self._status, self._why, self._silences = "running", "", 0
        log.info("camera running", extra={"camera": self._name})

    async def _lose(self, lost: CameraLost, pause_s: float) -> None:
        if not self._shutter.is_open:
            return
        self._status = "lost"
        # One that is unplugged for a week is lost every few seconds, and always for the same reason.
        level = logging.DEBUG if lost.what == self._why else logging.WARNING
        self._why = lost.what
        log.log(
            level,
            "camera lost",
            extra={"camera": self._name, "why": lost.what, "hint": lost.hint, "again_in_s": round(pause_s, 2)},
        )
        await self._shutter.rested(pause_s)

    async def pause(self) -> None:
        """Close the device: when this returns the child has ended, killed if it did not leave by itself at once."""
        if self._shutter.pause():
            self._status, self._why = "opening", ""
            log.info("camera paused", extra={"camera": self._name})
        await self._end()

    async def resume(self) -> None:
        """Open the device again, at once and whatever had been waited for."""
        if self._shutter.resume():
            log.info("camera resumed", extra={"camera": self._name})

    async def close(self) -> None:
        """Give the camera back; the child is killed if it does not leave by itself at once."""
        self._shutter.close()
        await self._end()

    async def _end(self) -> None:
        """End the child that runs or is being started, and forget what it gave and nobody took."""
        async with self._starting:
            if self._life is not None:
                await self._life.end(gently=True)
                self._latest.clear()
