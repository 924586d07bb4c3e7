"""Whether a camera may be open now: a switch that is turned from outside and can be waited for."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from smartlogd.base.time import monotonic_s


class Shutter:
    """Open at first; `pause` and `resume` shut and open it, `close` shuts it for good.

    Every camera has one, turns it in its own `pause`, `resume` and `close`, and waits by it wherever it waits.
    """

    def __init__(self) -> None:
        self._is_shut = False
        self._is_closed = False
        self._turned = asyncio.Event()
        self._shut_at_s = 0.0
        self._paused_s = 0.0

    @property
    def is_open(self) -> bool:
        """Neither paused nor closed."""
        return not self._is_shut and not self._is_closed

    @property
    def is_closed(self) -> bool:
        """For good."""
        return self._is_closed

    @property
    def word(self) -> str:
        """What this makes of a camera's status: paused, ended; empty while it is open."""
        if self._is_closed:
            return "ended"
        return "paused" if self._is_shut else ""

    @property
    def paused_s(self) -> float:
        """Seconds that it has been paused for in all: by so much a made scene is behind the clock."""
        return self._paused_s + (monotonic_s() - self._shut_at_s if self._is_shut else 0.0)

    def pause(self) -> bool:
        """Shut it; False where it was shut already."""
        if self._is_shut or self._is_closed:
            return False
        self._is_shut, self._shut_at_s = True, monotonic_s()
        self._turn()
        return True

    def resume(self) -> bool:
        """Open it again; False where it was not shut, or is closed."""
        if not self._is_shut or self._is_closed:
            return False
        self._paused_s, self._is_shut = self.paused_s, False
        self._turn()
        return True

    def close(self) -> None:
        """Shut it for good."""
        self._is_closed = True
        self._turn()

    def _turn(self) -> None:
        """Wake all who wait; who waits next waits for the next turn."""
        self._turned.set()
        self._turned = asyncio.Event()

    async def opened(self) -> bool:
        """Wait while it is paused; False once it is closed."""
        while self._is_shut and not self._is_closed:
            await self._turned.wait()
        return not self._is_closed

    async def rested(self, span_s: float) -> bool:
        """Wait `span_s` seconds, less where it is turned meanwhile; then as `opened`."""
        if span_s > 0 and self.is_open:
            with suppress(TimeoutError):
                async with asyncio.timeout(span_s):
                    await self._turned.wait()
        else:
            await asyncio.sleep(0)
        return await self.opened()
