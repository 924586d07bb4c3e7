"""The line to the centre: whether it is open, and how long it has not been used."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from smartlogd.base.ports import Centre
from smartlogd.base.wire import Page, Verdicts


class Line:
    """A Centre that notes its own use."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._used_s = 0.0
        self.is_open = False

    async def ingest(self, epoch: str, body: str, about: Mapping[str, object]) -> Verdicts:
        """As the centre does it."""
        verdicts = await self._centre.ingest(epoch, body, about)
        self._note()
        return verdicts

    async def pull(self, cursor: int, most: int) -> Page:
        """As the centre does it."""
        page = await self._centre.pull(cursor, most)
        self._note()
        return page

    def idle_s(self) -> float:
        """For how long the open line was not used; less than nothing where it is not open."""
        return asyncio.get_running_loop().time() - self._used_s if self.is_open else -1.0

    async def close(self) -> None:
        """Hang up."""
        self.is_open = False
        await self._centre.close()

    def _note(self) -> None:
        self.is_open, self._used_s = True, asyncio.get_running_loop().time()
