"""One clip in the making: noted, then written piece by piece out of the ring, then filed, or given up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from smartlogd.base.errors import ServiceAway, SmartlogError
from smartlogd.base.known import EventId, Filed, Medium, Recording
from smartlogd.base.ports import Ids, Shelf
from smartlogd.record.clip import Clip, Finished
from smartlogd.record.options import MOST_LABELS
from smartlogd.record.ring import Piece, Ring
from smartlogd.record.window import Window

LATE_S = 2.0
"""What an encoder takes, at the most, to give a frame back; so long after its end a window is over in any case."""
_AT_ONCE_S = 1.0
"""Pieces are written when there is so much of them."""

log = logging.getLogger("smartlogd.record")

Moments = Callable[[int, int], Mapping[EventId, int]]
"""The events between two instants, each with its own, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every clip needs: where it is noted, the state folder it lies in, who mints ids, what happened."""

    shelf: Shelf
    folder: Path
    ids: Ids
    moments: Moments


class Reel:
    """A clip of `window`, which may grow while it is being written. `outcome` is set when it is done."""

    def __init__(self, window: Window, desk: Desk, *, moment_ns: int) -> None:
        self.window = window
        self.rest: Window | None = None
        self.outcome: asyncio.Future[Recording] = asyncio.get_running_loop().create_future()
        self.outcome.add_done_callback(_heeded)
        self._desk, self._moment_ns = desk, moment_ns
        self._recording: Recording | None = None
        self._clip: Clip | None = None
        self._first: Piece | None = None
        self._next = 0

    @property
    def is_done(self) -> bool:
        """Whether it is filed or given up."""
        return self.outcome.done()

    async def advance(self, ring: Ring, now_ns: int, *, may_end: bool = True) -> None:
        """Write what has come by now; file it when all of it has, unless it may still grow. Raises nothing of ours."""
        if self.is_done:
            return
        try:
            await self._advance(ring, now_ns, may_end=may_end)
        except SmartlogError as error:
            log.warning("clip not cut", extra={"what": error.what, "hint": error.hint})
            await self._lose(error)

    async def _advance(self, ring: Ring, now_ns: int, *, may_end: bool) -> None:
        newest = ring.newest
        is_over = now_ns >= self.window.end_ns + round(LATE_S * 1e9) or (
            newest is not None and newest.stamp.mono_ns >= self.window.end_ns
        )
        if self._clip is None and not await self._begin(ring, is_over=is_over):
            return
        pieces, is_torn = self._pieces(ring)
        is_end = is_torn or (is_over and may_end)
        if pieces and (is_end or _span_s(pieces) >= _AT_ONCE_S):
            await self._write(pieces)
        if is_end:
            await self._file()

    async def _begin(self, ring: Ring, *, is_over: bool) -> bool:
        """Note it and begin it, once the ring has its first piece; whether it has begun."""
        number = ring.found(self.window.start_ns)
        first = (
            next(((at, piece) for at, piece in ring.since(number) if at == number), None)
            if number is not None
            else None
        )
        if first is None or first[1].stamp.mono_ns > self.window.end_ns:
            if is_over:
                raise ServiceAway("There is no video of it.", "Look at the camera: smartlogd status")
            return False
        self._next, self._first = first
        window = self.window
        self._recording = Recording(
            self._desk.ids.event("clip_saved", None, self._first.stamp),
            Medium.CLIP,
            self._first.stamp,
            (window.end_ns - self._first.stamp.mono_ns) / 1e9,
            ".mp4",
            window.labels[:MOST_LABELS],
            cause=window.cause,
        )
        path = await self._desk.shelf.plan(self._recording)
        self._clip = Clip(self._desk.folder / path, self._first)
        return True

    def _pieces(self, ring: Ring) -> tuple[list[Piece], bool]:
        """What belongs to it and is not written yet; and whether nothing can follow: another run, or a hole, does."""
        pieces: list[Piece] = []
        for number, piece in ring.since(self._next):
            if number != self._next + len(pieces) or self._first is None or piece.run is not self._first.run:
                if piece.stamp.mono_ns < self.window.end_ns:
                    self.rest = replace(self.window, start_ns=piece.stamp.mono_ns)
                return pieces, True
            if piece.stamp.mono_ns > self.window.end_ns:
                break
            pieces.append(piece)
        return pieces, False

    async def _write(self, pieces: list[Piece]) -> None:
        assert self._clip is not None
        await asyncio.to_thread(self._clip.add, pieces)
        self._next += len(pieces)

    async def _file(self) -> None:
        """Finish the file with what it has, and note that it is there."""
        assert self._clip is not None
        assert self._recording is not None
        assert self._first is not None
        start = self._first.stamp
        moment_s = max(0.0, (self._moment_ns - start.mono_ns) / 1e9)
        finished = await asyncio.to_thread(self._clip.finish, min(moment_s, max(0.0, self._clip.duration_s - 0.2)))
        await self._desk.shelf.filed(self._recording.id, self._filed(finished))
        labels = self.window.labels[:MOST_LABELS]
        self._settle(replace(self._recording, duration_s=finished.duration_s, labels=labels))

    def _filed(self, finished: Finished) -> Filed:
        assert self._clip is not None
        start_ns, span_ns = finished.start.mono_ns, round(finished.duration_s * 1e9)
        moments = self._desk.moments(start_ns, start_ns + span_ns)
        assert self._recording is not None
        return Filed(
            self._clip.path.relative_to(self._desk.folder).as_posix(),
            finished.bytes,
            finished.sha256,
            finished.start,
            finished.duration_s,
            finished.preview.relative_to(self._desk.folder).as_posix() if finished.preview else None,
            {event: (at_ns - start_ns) // 1_000_000 for event, at_ns in moments.items()},
            labels if (labels := self.window.labels[:MOST_LABELS]) != self._recording.labels else (),
        )

    async def end(self, ring: Ring) -> None:
        """Nothing more comes: file what there is, or give it up where it had not begun."""
        try:
            if self._clip is None:
                raise ServiceAway("smartlogd stops.", "Ask again when it runs.")
            if pieces := self._pieces(ring)[0]:
                await self._write(pieces)
            await self._file()
        except SmartlogError as error:
            await self._lose(error)

    async def give_up(self) -> None:
        """There is no time to finish it: nothing of it stays."""
        await self._lose(ServiceAway("smartlogd stops.", "Ask again when it runs."))

    async def _lose(self, why: SmartlogError) -> None:
        try:
            if self._clip is not None:
                await asyncio.to_thread(self._clip.abandon)
            if self._recording is not None and self._clip is not None:
                await self._desk.shelf.lost(self._recording.id)
        except SmartlogError as error:  # the next start finds a row without its file, and notes it then
            log.warning("a lost clip is not noted", extra={"what": error.what})
        if not self.outcome.done():
            self.outcome.set_exception(why)

    def _settle(self, recording: Recording) -> None:
        log.info(
            "clip cut",
            extra={
                "clip": str(recording.id),
                "duration_s": round(recording.duration_s, 2),
                "labels": ",".join(recording.labels),
            },
        )
        if not self.outcome.done():
            self.outcome.set_result(recording)


def _span_s(pieces: list[Piece]) -> float:
    return (pieces[-1].stamp.mono_ns - pieces[0].stamp.mono_ns) / 1e9


def _heeded(outcome: asyncio.Future[Recording]) -> None:
    """Look at how it went: nobody may be waiting for it, and asyncio would complain of that."""
    if not outcome.cancelled():
        outcome.exception()
