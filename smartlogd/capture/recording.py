"""What is read of a file in a thread, a little ahead of whoever takes it: pictures and sound alike."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from smartlogd.base.errors import SmartlogError
from smartlogd.capture.handover import Handover
from smartlogd.capture.refuse import refuse_unusable
from smartlogd.capture.shutter import Shutter

CLOSE_S = 1.5
"""How long the thread may take to end."""

Item = TypeVar("Item")


class RecordingReader(Generic[Item]):
    """One file, read once from its beginning to its end, at most `ahead` items before they are taken.

    Paused, it gives nothing, and the file stays open: nobody stands before it, and nobody speaks into it.
    """

    def __init__(self, path: Path, ahead: int, thread: str) -> None:
        self._path, self._ahead, self._thread_name = path, ahead, thread
        self._status = "opening"
        self._shutter = Shutter()
        self._handover: Handover[Item] | None = None
        self._thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def status(self) -> str:
        """One of: opening, running, paused, ended."""
        return self._shutter.word or self._status

    async def pause(self) -> None:
        """Give nothing until `resume`."""
        self._shutter.pause()

    async def resume(self) -> None:
        """Go on with what comes next."""
        self._shutter.resume()

    async def close(self) -> None:
        """End the thread; a second call does nothing."""
        self._shutter.close()
        if self._handover is not None:
            self._handover.close()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, CLOSE_S)

    async def _taken(self, read: Callable[[], Iterator[Item]]) -> AsyncGenerator[Item, None]:
        """What `read` gives, in its order; raises Missing or UnusableInput for a file that cannot be read."""
        if not await self._shutter.opened():
            return
        refuse_unusable(self._path)
        handover = self._handover = Handover[Item](self._ahead)
        self._thread = threading.Thread(target=_read, args=(read, handover), name=self._thread_name, daemon=True)
        self._thread.start()
        try:
            while (item := await handover.get()) is not None and await self._shutter.opened():
                self._status = "running"
                yield item
                await asyncio.sleep(0)  # others may run even if there is always an item ready
        finally:
            await self.close()


def _read(read: Callable[[], Iterator[Item]], handover: Handover[Item]) -> None:
    """On the thread: hand over what there is, for as long as anybody wants it."""
    try:
        for item in read():
            if not handover.put(item):
                return
    except SmartlogError as error:
        handover.finish(error)
        return
    handover.finish()
