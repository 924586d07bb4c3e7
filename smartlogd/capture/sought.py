"""A camera that may not be there yet: it is looked for until it is, for a device that nobody watches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from smartlogd.base.errors import Missing
from smartlogd.base.ports import Camera
from smartlogd.base.seen import Frame
from smartlogd.capture.shutter import Shutter

LOOK_S = 5.0
"""How often a camera that is not there is looked for."""

log = logging.getLogger("smartlogd.capture")


class SoughtCamera:
    """The camera that `find` gives, once it does not raise Missing any more; `absent` until then.

    While it is paused nothing is looked for: looking asks every video device what it is.
    """

    def __init__(self, find: Callable[[], Camera], *, look_s: float = LOOK_S) -> None:
        self._find, self._look_s = find, look_s
        self._camera: Camera | None = None
        self._why = ""
        self._looked = False
        self._shutter = Shutter()

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
        return self._shutter.word or ("absent" if self._looked else "opening")

    @property
    def camera(self) -> Camera | None:
        """The camera itself, once there is one."""
        return self._camera

    async def frames(self) -> AsyncIterator[Frame]:
        """Its frames, from when it is found until it is closed."""
        while await self._shutter.opened():
            camera = await asyncio.to_thread(self._looked_for)
            if camera is None:
                await self._shutter.rested(self._look_s)
            if camera is None or not self._shutter.is_open:  # turned while it was looked for: it is not open yet
                continue
            self._camera = camera
            async with aclosing(camera.frames()) as frames:  # type: ignore[type-var] # an async generator, in truth
                async for frame in frames:
                    yield frame
            return

    async def pause(self) -> None:
        """Close the lens, and look for none until `resume`."""
        self._shutter.pause()
        if self._camera:
            await self._camera.pause()

    async def resume(self) -> None:
        """Open the lens again, where there is one."""
        self._shutter.resume()
        if self._camera:
            await self._camera.resume()

    async def close(self) -> None:
        """Give up looking, and give the lens back; a second call does nothing."""
        self._shutter.close()
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
