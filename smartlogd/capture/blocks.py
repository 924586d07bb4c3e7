"""From a sound driver's thread to a coroutine: a bounded queue of blocks in which what does not fit is counted."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartlogd.base.time import Stamp

_MOST = 50
"""Blocks that wait at most, about 6 s of sound."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What the driver gave at once: float32[n] mono, its first sample heard at `stamp`, by which device."""

    seq: int
    stamp: Stamp
    samples: npt.NDArray[np.float32]
    rate_hz: int
    device: str


class Blocks:
    """The newest is lost where nobody takes them: whoever hears late hears all in its order. Make it in the loop."""

    def __init__(self, first_seq: int, most: int = _MOST) -> None:
        self.next_seq = first_seq
        self.lost = 0
        self._loop = asyncio.get_running_loop()
        self._items: deque[Block | BaseException] = deque()
        self._most = most
        self._filled = asyncio.Event()
        self._is_closed = False

    def put(self, stamp: Stamp, samples: npt.NDArray[np.float32], rate_hz: int, device: str) -> None:
        """Called in the driver's thread: leave a block, or count it as lost; never waits."""
        if len(self._items) >= self._most:
            self.miss()
            return
        self._append(Block(self.next_seq, stamp, samples, rate_hz, device))
        self.next_seq += 1

    def miss(self) -> None:
        """Called in the driver's thread: a block was lost here."""
        self.lost += 1
        self.next_seq += 1

    def finish(self, error: BaseException) -> None:
        """Called in a thread: nothing more comes; `error` is raised in the coroutine after the last block."""
        self._append(error)

    def _append(self, item: Block | BaseException) -> None:
        if self._is_closed:
            return
        self._items.append(item)
        with suppress(RuntimeError):  # the event loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._filled.set)

    async def get(self) -> Block | None:
        """The next block, None once it is closed; raises what was given to `finish`."""
        while not self._items and not self._is_closed:
            self._filled.clear()
            if not self._items:
                await self._filled.wait()
        if self._is_closed:
            return None
        item = self._items.popleft()
        if isinstance(item, BaseException):
            raise item
        return item

    def close(self) -> None:
        """Called in the coroutine: want no more."""
        self._is_closed = True
        self._filled.set()
