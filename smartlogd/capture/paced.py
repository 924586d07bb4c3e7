"""Made and recorded scenes as if they were live: at their own speed, stamped by the clock, the newest wins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.base.seen import Frame, Packet
from smartlogd.base.time import Clock
from smartlogd.capture.demo import Doorway
from smartlogd.capture.lens import Pace, fitted
from smartlogd.capture.options import CaptureOptions

if TYPE_CHECKING:
    from smartlogd.capture.stream import FileCamera

_HOPELESS_S = 1.0


class DemoCamera:
    """The demo's doorway, `fps` pictures a second; pictures that come due while nobody asks are dropped.

    `is_still` leaves out the people: what the daemon costs when nothing happens can be measured so.
    """

    def __init__(
        self, photos: tuple[Path, ...], options: CaptureOptions, clock: Clock, *, is_still: bool = False
    ) -> None:
        self._photos = photos
        self._options = options
        self._clock = clock
        self._is_still = is_still
        self._status = "opening"
        self._dropped = 0
        self._closing = asyncio.Event()

    @property
    def name(self) -> str:
        """Always "demo"."""
        return "demo"

    @property
    def dropped(self) -> int:
        """Pictures that came due while the one before was still being looked at."""
        return self._dropped

    @property
    def status(self) -> str:
        """One of: opening, running, ended."""
        return self._status

    async def frames(self) -> AsyncIterator[Frame]:
        """The scene until the camera is closed. Raises UnusableInput when a photograph is not the expected one."""
        doorway = await asyncio.to_thread(Doorway, self._photos)
        began, seq = self._clock.now(), 0
        while not await _closed_before(seq / self._options.fps - self._clock.now().since(began), self._closing):
            self._status = "running"
            due = int(self._clock.now().since(began) * self._options.fps)
            self._dropped += max(0, due - seq)
            seq = max(seq, due)
            pixels = doorway.still(seq) if self._is_still else doorway.picture(seq / self._options.fps, seq)
            yield Frame(seq, self._clock.now(), fitted(pixels, self._options))
            seq += 1

    async def close(self) -> None:
        """End the iteration; a second call does nothing."""
        self._closing.set()
        self._status = "ended"


class PacedCamera:
    """A video played as a camera: at its own speed, at most `fps` frames a second, stamped by the clock."""

    def __init__(self, file: FileCamera, options: CaptureOptions, clock: Clock) -> None:
        self._file = file
        self._options = options
        self._clock = clock
        self._dropped = 0
        self._closing = asyncio.Event()

    @property
    def name(self) -> str:
        """The file's name."""
        return self._file.name

    @property
    def dropped(self) -> int:
        """Frames that came due while the one before was still being looked at."""
        return self._dropped

    @property
    def status(self) -> str:
        """One of: opening, running, ended."""
        return self._file.status

    async def frames(self) -> AsyncIterator[Frame]:
        """Frames until the video ends; raises as FileCamera does."""
        packets: list[Packet] = []
        pace, began = Pace(self._options.fps), self._clock.now()
        async with aclosing(self._file.frames()) as frames:
            async for frame in frames:
                packets.extend(frame.packets)
                shown_s = frame.stamp.mono_ns / 1e9
                if not pace.is_due(shown_s):
                    continue
                late_s = self._clock.now().since(began) - shown_s
                if late_s > _HOPELESS_S:  # the machine stood still, or is too slow: go on from here
                    began, late_s = began.shifted(late_s), 0.0
                if late_s > 1.0 / self._options.fps:
                    self._dropped += 1
                    continue
                if await _closed_before(-late_s, self._closing):
                    return
                yield Frame(frame.seq, self._clock.now(), fitted(frame.pixels, self._options), tuple(packets))
                packets.clear()

    async def close(self) -> None:
        """End the iteration and the decoding; a second call does nothing."""
        self._closing.set()
        await self._file.close()


async def _closed_before(span_s: float, closing: asyncio.Event) -> bool:
    """Wait `span_s` seconds, less when `closing` is set; whether it is."""
    if span_s <= 0:
        await asyncio.sleep(0)
        return closing.is_set()
    with suppress(TimeoutError):
        async with asyncio.timeout(span_s):
            await closing.wait()
    return closing.is_set()
