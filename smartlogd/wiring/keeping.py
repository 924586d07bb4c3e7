"""What keeps: the database of this device and those who look after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

import smartlogd
from smartlogd.base.time import Clock, SystemClock, machine_boot
from smartlogd.settings import Settings

if TYPE_CHECKING:
    from smartlogd.store.engine import Store
    from smartlogd.store.feed import StoreFeed
    from smartlogd.store.upkeep import Upkeep


def store(settings: Settings, clock: Clock, boot: UUID, *, has_centre: bool | None = None) -> Store:
    """The database of this device, this process its only writer; `has_centre` as in `open_store`."""
    from smartlogd.store.engine import open_store

    return open_store(
        settings.folders().state,
        device=settings.device.name,
        version=smartlogd.__version__,
        clock=clock,
        options=settings.store,
        boot=boot,
        machine_boot=machine_boot(),
        has_centre=has_centre,
    )


def upkeep(store: Store, settings: Callable[[], Settings]) -> Upkeep:
    """What looks after the store while the daemon runs: dates, counts, lets go, keeps room."""
    from smartlogd.device import zone
    from smartlogd.store.upkeep import Upkeep

    return Upkeep(
        store,
        SystemClock(store.floor),
        lambda: zone(settings().device.timezone),
        lambda: settings().store,
        lambda: settings().sync.media.is_on,
    )


def feed(store: Store) -> StoreFeed:
    """The log's events, one after the other, for the broker; to be closed before the store."""
    from smartlogd.store.feed import StoreFeed

    return StoreFeed(store)
