"""The upload's life: recordings into the object store one after the other, and out of it again who must be forgotten.

It is one task of the daemon. An object store that is away, refuses or is full is a sentence in `state`, and never ends
the task: recordings stay on this device until they are there, and rows of them go to the centre only then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from smartlogd.base.errors import DiskTrouble, SmartlogError
from smartlogd.base.known import EventId, Kept
from smartlogd.base.ports import Media
from smartlogd.base.time import Clock
from smartlogd.sync.body import Piece
from smartlogd.sync.bucket_trouble import NotTaken
from smartlogd.sync.carry import Cargo, Carrier, Damaged
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.patience import Patience
from smartlogd.sync.place import Place, folder_of, key_of, preview_key_of, recording_of, type_of
from smartlogd.sync.s3 import About, Objects
from smartlogd.sync.tally import Tally
from smartlogd.sync.trouble import SyncTrouble

log = logging.getLogger("smartlogd.sync")

SWEEP_S = 86_400.0
"""How often is looked for what was begun in parts and is not wanted any more."""
_TURN_S = 0.1
"""How often is asked whether rows are still being sent."""
_MOST = 50


def _never() -> bool:
    return False


async def _nothing() -> None:
    """What is told to nobody."""


class Upload:
    """Carries recordings into the object store, from `run` until cancelled; all else may be called at any time.

    `folder` is the state folder, `device` what keys call this device. `are_rows_sent` says whether rows go to the
    centre just now: they come first on the line. `chance` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        *,
        media: Media,
        objects: Objects,
        options: SyncOptions,
        folder: Path,
        device: str,
        clock: Clock,
        are_rows_sent: Callable[[], bool] = _never,
        on_end: Callable[[], Awaitable[None]] = _nothing,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._media, self._objects, self._options, self._folder = media, objects, options.media, folder
        self._are_rows_sent, self._on_end = are_rows_sent, on_end
        self._ours = Place(options.media.bucket, folder_of(options.media.prefix, device))
        self._carrier = Carrier(objects, options.media.part_mib)
        self._up, self._out = Patience("media", options, chance), Patience("erase", options, chance)
        self._tally = Tally(clock)
        self._aside: set[EventId] = set()
        self._swept_s = float("-inf")
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Upload until cancelled; raises nothing that the object store, the network or a disk may cause."""
        try:
            while True:
                await self._round()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pause_s()):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            self._objects.close()
            await self._on_end()

    def look(self) -> None:
        """There is a new recording: look at once, unless something is wrong that is being waited for."""
        self._wake.set()

    def again(self) -> None:
        """Try at once whatever went wrong: someone mended it, or wants to know."""
        for way in (self._up, self._out):
            way.end()
        self._aside.clear()
        self._wake.set()

    def state(self) -> Mapping[str, object]:
        """How it fares, as JSON values; `word` is ok, sending, rows first, away, refused, held, disk or trouble."""
        trouble = self._up.trouble or self._out.trouble
        return {
            "word": self._word(trouble),
            "detail": str(trouble) if trouble else "",
            "bucket": self._ours.bucket,
            "next_try_s": round(self._pause_s(), 1) if trouble else 0.0,
            "aside": len(self._aside),
            **self._tally.fields(),
        }

    # A round -----------------------------------------------------------------------------------------

    async def _round(self) -> None:
        """Do all that is to be done, or as much of it as goes well. Who must be forgotten comes first."""
        await self._gone(self._out, self._erase)
        try:
            await self._gone(self._up, self._all)
        finally:
            self._tally.done()

    async def _gone(self, way: Patience, walk: Callable[[], Awaitable[None]]) -> None:
        """Go one way, if it may be gone."""
        if not way.is_over(_now_s()):
            return
        try:
            await walk()
        except SmartlogError as error:
            way.failed(error, _now_s())
        else:
            way.went_well()

    async def _all(self) -> None:
        """Upload every recording that waits."""
        await self._sweep()
        while (recording := await self._media.next(self._aside)) is not None:
            await self._upload(recording)

    async def _upload(self, recording: Kept) -> None:
        """One recording and its still; then, and only then, it is noted as uploaded."""
        place = Place(self._ours.bucket, key_of(self._ours.key, recording))
        if not await self._media.going(recording.id, str(place)):
            return
        self._tally.begun(recording.bytes)
        began_s = _now_s()
        try:
            sent = await self._carrier.carry(self._cargo(recording, place), self._turn)
            preview = await self._preview(recording)
        except Damaged as error:
            log.error("recording lost: %s", error, extra={"event": str(recording.id)})
            await self._media.gone(recording.id)
            return
        except NotTaken as error:
            log.error("recording put aside: %s", error, extra={"event": str(recording.id)})
            self._aside.add(recording.id)
            return
        if not await self._media.uploaded(recording.id, str(place), preview):
            await self._erased(place)  # someone was forgotten meanwhile
            return
        self._tally.uploaded(recording.bytes)
        took_s = round(_now_s() - began_s, 3)
        log.info("recording uploaded", extra={"event": str(recording.id), "bytes": sent, "took_s": took_s})

    async def _preview(self, recording: Kept) -> str | None:
        """Send the still that shows what the recording is of; None where there is none, or not any more."""
        key = preview_key_of(self._ours.key, recording)
        if key is None or recording.preview is None:
            return None
        file = self._folder / recording.preview
        if not await asyncio.to_thread(file.is_file):
            return None
        size = (await asyncio.to_thread(file.stat)).st_size
        await self._objects.put(Place(self._ours.bucket, key), Piece(file, 0, size), About(type_of(key)))
        return key

    async def _turn(self, sent: int) -> None:
        """Let rows go first, for a while: they are small, and people wait for them."""
        self._tally.sent(sent)
        until_s = _now_s() + self._options.rows_first_s
        while self._are_rows_sent() and _now_s() < until_s:
            self._tally.waits = True
            await asyncio.sleep(_TURN_S)
        self._tally.waits = False

    # What must go ------------------------------------------------------------------------------------

    async def _erase(self) -> None:
        """Take out of the object store what must not be there any more."""
        while uris := await self._media.unwanted(_MOST):
            for uri in uris:
                place = Place.of(uri)
                if place is not None:
                    await self._erased(place)
                await self._media.erased(uri)

    async def _erased(self, place: Place) -> None:
        """Delete an object, its still, and what was begun of it."""
        await self._objects.abandon(place)
        for stored in await self._objects.listed(Place(place.bucket, place.stem)):
            await self._objects.delete(Place(place.bucket, stored.key))
        log.info("recording erased", extra={"key": place.key})

    async def _sweep(self) -> None:
        """Give up what was begun in parts for recordings that wait no more: it costs room, and nobody sees it."""
        if _now_s() - self._swept_s < SWEEP_S:
            return
        for place in await self._objects.unfinished(self._ours):
            recording = recording_of(place.key)
            if recording is not None and await self._media.waits(recording):
                self._carrier.begun.add(place)
            elif recording is not None:
                await self._objects.abandon(place)
                log.info("unfinished upload given up", extra={"key": place.key})
        self._swept_s = _now_s()

    # -------------------------------------------------------------------------------------------------

    def _cargo(self, recording: Kept, place: Place) -> Cargo:
        return Cargo(self._folder / recording.path, recording.bytes, recording.sha256, place)

    def _pause_s(self) -> float:
        """How long nothing is to be done, unless someone wakes us."""
        next_s = min((way.next_s for way in (self._up, self._out) if way.trouble), default=None)
        return self._options.look_s if next_s is None else max(0.0, next_s - _now_s())

    def _word(self, trouble: SmartlogError | None) -> str:
        if trouble is not None:
            if isinstance(trouble, SyncTrouble):
                return trouble.word
            return "disk" if isinstance(trouble, DiskTrouble) else "trouble"
        if self._tally.waits:
            return "rows first"
        return "sending" if self._tally.is_sending else "ok"


def _now_s() -> float:
    return asyncio.get_running_loop().time()
