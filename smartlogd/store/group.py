"""What the journal writes together, and the receipt for it."""

from __future__ import annotations

import asyncio
from typing import Any

from smartlogd.base.who import Recognition
from smartlogd.store.errand import Errand
from smartlogd.store.rows import Batch, End, EventRows, batch_of


class Slip:
    """A receipt, one for all events of a group: proof, once `durable` returns, that they are on the disk."""

    __slots__ = ("_committed",)

    def __init__(self, committed: asyncio.Future[None]) -> None:
        self._committed = committed

    async def durable(self) -> None:
        """Return once the event's rows are committed and synced; DiskTrouble if the journal ended before that."""
        await asyncio.shield(self._committed)


class Group:
    """What is written together, and the loop's time at which it is tried even if it is little."""

    __slots__ = ("committed", "crop_bytes", "due_s", "ends", "errand", "learnt", "receipt", "rows")

    def __init__(self, due_s: float, committed: asyncio.Future[None], errand: Errand[Any] | None = None) -> None:
        self.rows: list[EventRows] = []
        self.learnt: list[Recognition] = []
        self.ends: list[End] = []
        self.crop_bytes = 0
        self.errand = errand
        self.due_s = due_s
        self.committed = committed
        self.receipt = Slip(committed)

    def __len__(self) -> int:
        return len(self.rows) + len(self.learnt) + len(self.ends)

    def work(self) -> Batch | Errand[Any]:
        """What the writer is to do."""
        return self.errand or batch_of(self.rows, self.learnt, self.ends)
