"""Made and recorded scenes as if they were live: at their own speed, stamped by the clock, the newest wins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.base.seen import Frame, Packet
from smartlogd.base.time import Clock, Stamp
from smartlogd.capture.demo import Doorway
from smartlogd.capture.lens import Pace, fitted
from smartlogd.capture.options import CaptureOptions
from smartlogd.capture.shutter import Shutter

if TYPE_CHECKING:
    from smartlogd.capture.stream import FileCamera

_HOPELESS_S = 1.0


class DemoCamera:
    """The demo's doorway, `fps` pictures a second; pictures that come due while nobody asks are dropped.

    While it is paused the scene stands still, and goes on from there.
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
        self._shutter = Shutter()

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
        """One of: opening, running, paused, ended."""
        return self._shutter.word or self._status

    async def frames(self) -> AsyncIterator[Frame]:
        """The scene until the camera is closed. Raises UnusableInput when a photograph is not the expected one."""
        doorway = await asyncio.to_thread(Doorway, self._photos)
        await self._shutter.opened()
        began, seq = self._clock.now().shifted(-self._shutter.paused_s), 0
        while await self._shutter.rested(seq / self._options.fps - self._played_s(began)):
            self._status = "running"
            due = int(self._played_s(began) * self._options.fps)
            self._dropped += max(0, due - seq)
            seq = max(seq, due)
            pixels = doorway.still(seq) if self._is_still else doorway.picture(seq / self._options.fps, seq)
            yield Frame(seq, self._clock.now(), fitted(pixels, self._options))
            seq += 1

    def _played_s(self, began: Stamp) -> float:
        """Seconds of the scene so far."""
        return self._clock.now().since(began) - self._shutter.paused_s

    async def pause(self) -> None:
        """Show nothing until `resume`."""
        self._shutter.pause()

    async def resume(self) -> None:
        """Go on where the scene stood still."""
        self._shutter.resume()

    async def close(self) -> None:
        """End the iteration; a second call does nothing."""
        self._shutter.close()


class PacedCamera:
    """A video played as a camera: at its own speed, at most `fps` frames a second, stamped by the clock.

    While it is paused the video stands still, and goes on from there.
    """

    def __init__(self, file: FileCamera, options: CaptureOptions, clock: Clock) -> None:
        self._file = file
        self._options = options
        self._clock = clock
        self._dropped = 0
        self._shutter = Shutter()

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
        """One of: opening, running, paused, ended."""
        return self._shutter.word or self._file.status

    async def frames(self) -> AsyncIterator[Frame]:
        """Frames until the video ends; raises as FileCamera does."""
        packets: list[Packet] = []
        await self._shutter.opened()
        pace, began = Pace(self._options.fps), self._clock.now().shifted(-self._shutter.paused_s)
        async with aclosing(self._file.frames()) as frames:
            async for frame in frames:
                packets.extend(() if self._options.rotate_deg else frame.packets)  # they would show it unturned
                shown_s = frame.stamp.mono_ns / 1e9
                if not pace.is_due(shown_s):
                    continue
                late_s = self._clock.now().since(began) - self._shutter.paused_s - shown_s
                if late_s > _HOPELESS_S:  # the machine stood still, or is too slow: go on from here
                    began, late_s = began.shifted(late_s), 0.0
                if late_s > 1.0 / self._options.fps:
                    self._dropped += 1
                    continue
                if not await self._shutter.rested(-late_s):
                    return
                shown = fitted(frame.pixels, self._options)
                yield Frame(frame.seq, self._clock.now(), shown, tuple(packets), pts_s=frame.pts_s)
                packets.clear()

    async def pause(self) -> None:
        """Show nothing until `resume`."""
        self._shutter.pause()

    async def resume(self) -> None:
        """Go on where the video stood still."""
        self._shutter.resume()

    async def close(self) -> None:
        """End the iteration and the decoding; a second call does nothing."""
        self._shutter.close()
        await self._file.close()
