"""Where a replay keeps its rows when it is asked to: an SQLite file of the caller's choice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from uuid import NAMESPACE_URL, UUID, uuid5

import smartlogd
from smartlogd.base.errors import DiskTrouble, Exit
from smartlogd.base.known import PersonId
from smartlogd.base.ports import Journal
from smartlogd.base.time import SystemClock
from smartlogd.settings import Settings
from smartlogd.store.engine import Store, open_store
from smartlogd.store.whom import Called, introduce


@asynccontextmanager
async def kept(
    path: Path, settings: Settings, footage_sha256: str, people: Mapping[PersonId, Called] = MappingProxyType({})
) -> AsyncIterator[Journal]:
    """The journal of the database at `path`, made where there is none; all is on the disk when the block is left.

    It knows `people` by name.

    Rows refer to a start of the daemon; a replay's is derived from its footage, as its events' ids are,
    so that replaying a file again adds no row. Raises DiskTrouble for what is no database of ours.
    """
    store = await asyncio.to_thread(_opened, path, settings, replay_boot(footage_sha256))
    writing = asyncio.create_task(store.journal.run(), name="journal")
    try:
        await store.change(lambda connection: introduce(connection, people, SystemClock(store.floor).now()))
        yield store.journal
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await store.close()


def _opened(path: Path, settings: Settings, boot: UUID) -> Store:
    """The store whose database is `path`; it keeps no room in reserve, since nobody films meanwhile."""
    if path.is_dir():
        raise DiskTrouble(f"{path} is a folder.", "Name a file for the database.", code=Exit.CANNOT_CREATE)
    return open_store(
        path.parent,
        name=path.name,
        device=settings.device.name,
        version=smartlogd.__version__,
        clock=SystemClock(),
        options=settings.store.model_copy(update={"reserve_mib": 0}),
        boot=boot,
    )


def replay_boot(footage_sha256: str) -> UUID:
    """The start to which the rows of this footage belong.

    >>> replay_boot("ab" * 32) == replay_boot("ab" * 32) != replay_boot("cd" * 32)
    True
    """
    return uuid5(NAMESPACE_URL, f"smartlogd:replay:boot:{footage_sha256}")
