"""A camera that may not be there yet: it is looked for until it is, for a device that nobody watches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress

from smartlogd.base.errors import Missing
from smartlogd.base.ports import Camera
from smartlogd.base.seen import Frame

LOOK_S = 5.0
"""How often a camera that is not there is looked for."""

log = logging.getLogger("smartlogd.capture")


class SoughtCamera:
    """The camera that `find` gives, once it does not raise Missing any more; `absent` until then."""

    def __init__(self, find: Callable[[], Camera], *, look_s: float = LOOK_S) -> None:
        self._find, self._look_s = find, look_s
        self._camera: Camera | None = None
        self._why = ""
        self._paused = self._looked = False
        self._closing = asyncio.Event()

    @property
    def name(self) -> str:
        """The camera's name, "auto" while there is none."""
        return self._camera.name if self._camera else "auto"

    @property
    def dropped(self) -> int:
        """Frames that the lens gave and nobody took."""
        return self._camera.dropped if self._camera else 0

    @property
    def status(self) -> str:
        """The camera's own; before there is one: opening, absent, paused or ended."""
        if self._camera:
            return self._camera.status
        if self._closing.is_set():
            return "ended"
        if self._paused:
            return "paused"
        return "absent" if self._looked else "opening"

    async def frames(self) -> AsyncIterator[Frame]:
        """Its frames, from when it is found until it is closed."""
        while not self._closing.is_set():
            camera = await asyncio.to_thread(self._looked_for)
            if camera is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_s):
                        await self._closing.wait()
                continue
            self._camera = camera
            if self._paused:
                await camera.pause()
            async with aclosing(camera.frames()) as frames:  # type: ignore[type-var] # an async generator, in truth
                async for frame in frames:
                    yield frame
            return

    async def pause(self) -> None:
        """Close the lens; one that is found later stays closed."""
        self._paused = True
        if self._camera:
            await self._camera.pause()

    async def resume(self) -> None:
        """Open the lens again, where there is one."""
        self._paused = False
        if self._camera:
            await self._camera.resume()

    async def close(self) -> None:
        """Give up looking, and give the lens back; a second call does nothing."""
        self._closing.set()
        if self._camera:
            await self._camera.close()

    def _looked_for(self) -> Camera | None:
        """The camera, if there is one now; why not is said once."""
        try:
            camera = self._find()
        except Missing as missing:
            self._looked = True
            if missing.what != self._why:
                log.warning("no camera", extra={"what": missing.what, "hint": missing.hint})
            self._why = missing.what
            return None
        return camera
