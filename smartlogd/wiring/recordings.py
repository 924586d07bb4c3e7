"""What keeps recordings, and what finds them again: the shelf, the object store, the links."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING

import smartlogd
from smartlogd.base.ports import Ids, Shelf
from smartlogd.base.time import Clock, SystemClock
from smartlogd.settings import Settings
from smartlogd.wiring.reaching import bundle, credentials

if TYPE_CHECKING:
    from smartlogd.record.recorder import Recorder
    from smartlogd.store.engine import Store
    from smartlogd.store.shelf import StoreShelf
    from smartlogd.sync.place import Place
    from smartlogd.sync.s3 import Objects
    from smartlogd.sync.upload import Upload


def shelf(store: Store, settings: Callable[[], Settings]) -> StoreShelf:
    """Where recordings are noted; to be made before anything is recorded, and asked to `recover` once."""
    from smartlogd.store.shelf import StoreShelf

    return StoreShelf(store, lambda: settings().store)


@contextlib.asynccontextmanager
async def objects(settings: Settings) -> AsyncIterator[Objects]:
    """The object store that [sync.media] names, while the block runs; errors as of its credentials."""
    opened = _objects(settings)
    try:
        yield opened
    finally:
        opened.close()


def recorder(settings: Callable[[], Settings], shelf: Shelf, store: Store, ids: Ids, clock: Clock) -> Recorder:
    """What cuts clips and keeps snapshots; it begins when it is run."""
    from smartlogd.record.recorder import Recorder

    return Recorder(lambda: settings().record, shelf, store.path.parent, ids, clock)


def upload(settings: Settings, store: Store, are_rows_sent: Callable[[], bool]) -> Upload:
    """What carries recordings into the object store; it begins when it is run. Errors as of `objects`."""
    from smartlogd.store.media import StoreMedia
    from smartlogd.sync.upload import Upload

    media = StoreMedia(store)
    return Upload(
        media=media,
        objects=_objects(settings),
        options=settings.sync,
        folder=store.path.parent,
        device=settings.device.name,
        clock=SystemClock(store.floor),
        are_rows_sent=are_rows_sent,
        on_end=media.close,
    )


async def link_opened(settings: Settings, token: str) -> Mapping[str, object] | None:
    """Where a link leads, asked of the centre, and one use of it less; None where no centre or object store is set.

    Missing where it opens nothing; CentreTrouble or ObjectsTrouble where either does not answer.
    """
    from smartlogd.sync.share import link, opened
    from smartlogd.sync.timescale import Door, TimescaleCentre

    enrolment = bundle(settings)
    if enrolment is None or not settings.sync.media.is_on:
        return None
    async with objects(settings) as store:
        door = Door.of(enrolment, settings.sync)
        centre = TimescaleCentre(door, settings.sync, version=smartlogd.__version__)
        try:
            shared = await opened(centre, token)
        finally:
            await centre.close()
        url = await link(store, shared, settings.sync.media.link_s, SystemClock().now().utc)
    return {
        "recording": str(shared.recording),
        "url": url,
        "type": shared.type,
        "bytes": shared.bytes,
        "sha256": shared.sha256,
        "uses_left": shared.uses_left,
    }


async def stray_objects(settings: Settings) -> tuple[Place, ...]:
    """The objects of this device that no row names and one should; none where no object store is set.

    ObjectsTrouble where the object store does not answer.
    """
    from smartlogd.store.orphans import orphans
    from smartlogd.sync.place import Place, folder_of, recording_of

    media = settings.sync.media
    if not media.is_on:
        return ()
    async with objects(settings) as store:
        found = await store.listed(Place(media.bucket, folder_of(media.prefix, settings.device.name)))
    named = [(recording, one.key) for one in found if (recording := recording_of(one.key)) is not None]
    strays = set(orphans(settings.folders().state, (recording for recording, _ in named)))
    return tuple(Place(media.bucket, key) for recording, key in named if recording in strays)


async def objects_answer(settings: Settings) -> None:
    """Return if the object store lets this device in; ObjectsTrouble, or what is wrong with its keys, where not."""
    from smartlogd.sync.place import Place, folder_of

    media = settings.sync.media
    async with objects(settings) as store:
        await store.unfinished(Place(media.bucket, folder_of(media.prefix, settings.device.name)))


async def erase_objects(settings: Settings, places: tuple[Place, ...]) -> None:
    """Erase these; ObjectsTrouble where the object store does not."""
    async with objects(settings) as store:
        for place in places:
            await store.delete(place)


def _objects(settings: Settings) -> Objects:
    from smartlogd.sync.s3 import Objects

    return Objects.of(
        settings.sync.media, settings.folders().state, credentials=credentials(), version=smartlogd.__version__
    )
