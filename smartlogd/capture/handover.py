"""From a thread to a coroutine: a bounded queue that costs next to nothing while neither side waits."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Handover(Generic[Item]):
    """A queue of at most `room` items; the thread waits while it is full, the coroutine while it is empty.

    Make it in the coroutine's event loop. After `close` the thread's `put` returns False at once.
    """

    def __init__(self, room: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: deque[Item | BaseException | None] = deque()
        self._room = threading.Semaphore(room)
        self._filled = asyncio.Event()
        self._is_waited_for = False
        self._is_closed = False

    def put(self, item: Item) -> bool:
        """Called in the thread: hand over one item; False when nobody wants any more."""
        self._room.acquire()
        if self._is_closed:
            return False
        self._append(item)
        return True

    def finish(self, error: BaseException | None = None) -> None:
        """Called in the thread: nothing more comes; `error` is raised in the coroutine after the last item."""
        self._append(error)

    def _append(self, item: Item | BaseException | None) -> None:
        self._items.append(item)
        if self._is_waited_for and not self._is_closed:
            self._loop.call_soon_threadsafe(self._filled.set)

    async def get(self) -> Item | None:
        """The next item, None after the last one; raises what the thread gave to `finish`."""
        while not self._items and not self._is_closed:
            await self._wait()
        if self._is_closed:
            return None
        item = self._items.popleft()
        self._room.release()
        if isinstance(item, BaseException):
            raise item
        return item

    async def _wait(self) -> None:
        self._filled.clear()
        self._is_waited_for = True
        if not self._items:  # the thread may have put one in before it saw that it is waited for
            await self._filled.wait()
        self._is_waited_for = False

    def close(self) -> None:
        """Called in the coroutine: want no more; a thread that waits in `put` goes on."""
        self._is_closed = True
        self._filled.set()
        self._room.release()
