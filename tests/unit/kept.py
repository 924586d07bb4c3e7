"""A store that is open and written, as a daemon has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

from smartlogd.base.time import SystemClock
from smartlogd.store.engine import Store, open_store
from smartlogd.store.options import StoreOptions


@asynccontextmanager
async def running(folder: Path, *, group_commit_s: float = 0.02) -> AsyncIterator[Store]:
    options = StoreOptions(group_commit_s=group_commit_s, reserve_mib=0)
    store = open_store(folder, device="yard", version="0", clock=SystemClock(), options=options, boot=uuid4())
    async with written(store):
        yield store


@asynccontextmanager
async def written(store: Store) -> AsyncIterator[Store]:
    """The store, its journal at work, closed at the end."""
    task = asyncio.create_task(store.journal.run())
    try:
        yield store
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await store.close()
