"""What a device has to send after a long outage, made for measuring: real rows, enqueued by the real triggers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from smartlogd.base.time import SystemClock
from smartlogd.store.engine import Store, open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.pace import DEVICE, visits

# As the trigger writes it; only numbers of a new count, for none is ever given twice.
_AGAIN = "INSERT INTO outbox (kind, row_id, priority, at) SELECT 'event', id, 1, ts FROM events ORDER BY id"


@asynccontextmanager
async def backlog(folder: Path, rows: int) -> AsyncIterator[Store]:
    """An open store in `folder` in whose outbox `rows` events wait: visits, one a second until now, two events each.

    They are stamped by a clock that is trusted, so that none of them waits for a better one.
    """
    options = StoreOptions(reserve_mib=0, group_rows=1000)
    store = open_store(
        folder, device=DEVICE, version="bench", clock=SystemClock(), options=options, boot=uuid4(), has_centre=True
    )
    running = asyncio.create_task(store.journal.run())
    try:
        await _filled(store, rows)
        yield store
    finally:
        running.cancel()
        await asyncio.wait({running})
        await store.close()


async def enqueue_again(store: Store) -> None:
    """Let every event of the store wait once more."""
    await store.change(_enqueue)


async def _filled(store: Store, rows: int) -> None:
    began = replace(SystemClock().now(), trusted=True).shifted(-(rows // 2 + 1))
    receipt = None
    for event in visits(rows, began):
        await store.journal.room()
        receipt = store.journal.append(event)
    if receipt is not None:
        await receipt.durable()


def _enqueue(connection: sqlite3.Connection) -> None:
    connection.execute(_AGAIN)
