"""Recognition in a running daemon: opened where it can be, kept in step with the database, and cleaned up after."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from smartlogd import wiring
from smartlogd.base.errors import SmartlogError
from smartlogd.base.known import PersonId

if TYPE_CHECKING:
    from smartlogd.identify.identifier import FaceIdentifier
    from smartlogd.identify.options import IdentifyOptions
    from smartlogd.pipeline import Pipeline
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.store.whom import Called

_MOST_READINGS = 5
"""Where faces come faster than they can be read, what is known after so many readings must do."""

log = logging.getLogger("smartlogd.identify")


def opened(settings: Settings) -> FaceIdentifier | SmartlogError | None:
    """What looks at faces, its gallery still empty; None where it is switched off, else why it cannot be."""
    from smartlogd.identify.gallery import Gallery

    try:
        return wiring.identifier(settings, Gallery())
    except SmartlogError as error:
        return error


def unrecognised(error: SmartlogError) -> str:
    """Say once that people are only counted; gives the sentence why, for the status."""
    log.warning("nobody is recognised", extra={"what": error.what, "hint": error.hint})
    return str(error)


async def refreshed(store: Store, pipeline: Pipeline, identifier: FaceIdentifier | None) -> Mapping[PersonId, Called]:
    """Know the faces that the database has by now, and who those in view are; gives what people are called.

    What is learnt meanwhile is waited for and read again: else whoever was recognised just now would be taken for
    nobody, and a face remembered just now be forgotten.
    """
    from smartlogd.identify.gallery import Gallery
    from smartlogd.store.whom import called, whom

    folder = store.path.parent
    for _ in range(_MOST_READINGS):
        looks = pipeline.tally.looks
        await pipeline.settled()
        gallery = (
            Gallery() if identifier is None else await asyncio.to_thread(lambda: Gallery(wiring.templates(folder)))
        )
        answers = await asyncio.to_thread(whom, folder, pipeline.identities.subjects)
        if pipeline.tally.looks == looks:
            break
    if identifier is not None:
        identifier.gallery = gallery
    pipeline.identities.recast(answers)
    return await asyncio.to_thread(called, folder)


async def swept(store: Store, options: IdentifyOptions) -> bool:
    """Let go of what was kept long enough; whether strangers were among it. DiskTrouble where the disk refuses."""
    gone = await store.sweep(crop_keep_h=options.crop_keep_h, stranger_keep_d=options.stranger_keep_d)
    return bool(gone.strangers)
