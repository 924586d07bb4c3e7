"""What was seen in the last minute, a picture every two seconds: in memory only, for trying out another model."""

from __future__ import annotations

import asyncio
from collections import deque

from smartlogd.base import pixels as picture
from smartlogd.base.seen import Frame, Pixels
from smartlogd.base.time import Stamp

SPAN_S = 60.0
EVERY_S = 2.0
_QUALITY = 90


class Recent:
    """Keeps a few pictures of the last minute, as JPEGs: some 2 MB at 640 x 480, none while the camera is paused."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Stamp, bytes]] = deque(maxlen=round(SPAN_S / EVERY_S))
        self._newest: Stamp | None = None

    def watch(self, frame: Frame, *_: object) -> None:
        """Keep this frame, if it is time for one; encoded in another thread, so this returns at once."""
        if self._newest is not None and 0 <= frame.stamp.since(self._newest) < EVERY_S:
            return
        self._newest = frame.stamp
        asyncio.get_running_loop().run_in_executor(None, self._keep, frame)

    def clear(self) -> None:
        """Forget all of them: the camera is closed, and what it saw before is nobody's to look at."""
        self._kept.clear()

    def pictures(self) -> tuple[Pixels, ...]:
        """Those of the last minute before the newest one, oldest first; decoding takes some milliseconds each."""
        kept = tuple(self._kept)
        newest = kept[-1][0] if kept else None
        return tuple(picture.unpacked(jpeg) for at, jpeg in kept if newest and newest.since(at) <= SPAN_S)

    def _keep(self, frame: Frame) -> None:
        self._kept.append((frame.stamp, picture.jpeg(frame.pixels, _QUALITY)))
