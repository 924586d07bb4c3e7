"""Whether anything grows: a clip goes through the whole river again and again, into a real journal.

Frames come as fast as they are taken; detection, movement, recognition and the database are a daemon's own, in this
process. Memory and descriptors are looked at two hundred times; what counts is the middle value of a few looks soon
after everything is warm, and of the last few.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from smartlogd import wiring
from smartlogd.base.ids import LiveIds, uuid7
from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.capture.stream import FileCamera
from smartlogd.cli.bench.start import resident_bytes
from smartlogd.identify.gallery import Gallery
from smartlogd.pipeline import Tally
from smartlogd.settings import Settings

WARM_FRAMES = 20_000
"""By then every cache is filled; of a shorter run it is the first fifth."""
_LOOKS = 200
_COUNTED = 10
_TOLD_EVERY = 10
_LINE = {"middle": {"start": [0.5, 0.0], "end": [0.5, 1.0], "inside": "right"}}
"""Where the settings name no line, so that passings are logged."""


@dataclass(frozen=True, slots=True)
class Look:
    """What this process holds after so many frames."""

    frames: int
    resident_bytes: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Soak:
    """The looks in order, how long all took, and what came of it."""

    looks: tuple[Look, ...]
    span_s: float
    frames: int
    scans: int
    events: int

    @property
    def warm(self) -> Look:
        """The middle of the first looks once all is warm."""
        after = min(WARM_FRAMES, self.frames // 5)
        return _middle([look for look in self.looks if look.frames >= after][:_COUNTED])

    @property
    def last(self) -> Look:
        """The middle of the last looks."""
        return _middle(self.looks[-_COUNTED:])

    @property
    def grown_bytes(self) -> int:
        """By how much the resident memory grew between the two."""
        return self.last.resident_bytes - self.warm.resident_bytes

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.frames / self.span_s

    def is_flat(self, most_bytes: int) -> bool:
        """Whether memory grew by no more than this, and descriptors and threads not at all."""
        first, last = self.warm, self.last
        return (
            self.grown_bytes <= most_bytes and last.descriptors <= first.descriptors and last.threads <= first.threads
        )


def _middle(looks: Sequence[Look]) -> Look:
    """The middle value of each count; the last look's frame."""
    return Look(
        looks[-1].frames,
        round(median(look.resident_bytes for look in looks)),
        round(median(look.descriptors for look in looks)),
        round(median(look.threads for look in looks)),
    )


async def soak(path: Path, settings: Settings, frames: int, said: Callable[[str], None]) -> Soak:
    """Play `path` over and over until `frames` frames went through; `said` is told twenty times how it goes."""
    with tempfile.TemporaryDirectory(prefix="smartlogd-bench-") as folder:
        device = settings.device.model_copy(update={"state_dir": Path(folder)})
        detect = settings.detect.model_copy(update={"models_dir": settings.folders().models})
        changed = settings.model_copy(update={"device": device, "detect": detect})
        return await _soaked(path, _lined(changed), frames, said)


def _lined(settings: Settings) -> Settings:
    if settings.movement.crossing_lines():
        return settings
    movement = type(settings.movement).model_validate(settings.movement.model_dump() | {"lines": _LINE})
    return settings.model_copy(update={"movement": movement})


class _Watch:
    """Looks at this process now and then while frames go through, and says when there were enough."""

    def __init__(self, frames: int, said: Callable[[str], None]) -> None:
        self.looks: list[Look] = []
        self.enough = asyncio.Event()
        self._frames, self._said = frames, said
        self._done = 0

    def __call__(self, *_: object) -> None:
        """Count one more frame; a few more come after there were enough."""
        if self.enough.is_set():
            return
        self._done += 1
        if self._done % max(1, self._frames // _LOOKS) == 0:
            self._look()
        if self._done >= self._frames:
            self.enough.set()

    def _look(self) -> None:
        look = Look(self._done, resident_bytes(os.getpid()), _entries("fd"), _entries("task"))
        self.looks.append(look)
        if len(self.looks) % _TOLD_EVERY == 0:
            self._said(f"{look.frames:,} frames: {look.resident_bytes / 1e6:.1f} MB, {look.descriptors} descriptors")


def _entries(folder: str) -> int:
    """How many descriptors (fd) or threads (task) this process has."""
    return sum(1 for _ in Path("/proc/self", folder).iterdir())


async def _soaked(path: Path, settings: Settings, frames: int, said: Callable[[str], None]) -> Soak:
    """The river from the file to the database, ended after so many frames; closed in the order of a daemon."""
    watch, tally = _Watch(frames, said), Tally()
    async with AsyncExitStack() as stack:
        store = wiring.store(settings, SystemClock(), uuid7(SystemClock().now()), has_centre=False)
        writing = asyncio.create_task(store.journal.run())
        stack.push_async_callback(_ended, store.close, writing)
        detector, identifier = wiring.detector(settings), wiring.identifier(settings, Gallery())
        stack.push_async_callback(detector.close)
        if identifier is not None:
            stack.push_async_callback(identifier.close)
        camera = FileCamera(path, gate=wiring.gate(settings), loop=True)
        pipeline = wiring.pipeline(
            settings,
            camera=camera,
            detector=detector,
            ids=LiveIds(),
            journal=store.journal,
            identifier=identifier,
            watchers=(watch,),
            tally=tally,
        )
        began_s, running = monotonic_s(), asyncio.create_task(pipeline.run())
        stack.push_async_callback(_ended, camera.close, running)
        await _first(running, writing, asyncio.create_task(watch.enough.wait()))
        return Soak(tuple(watch.looks), monotonic_s() - began_s, tally.frames, tally.scans, tally.events)


async def _ended(close: Callable[[], Awaitable[None]], task: asyncio.Task[None]) -> None:
    """Close a part, and let its task come to its end."""
    await close()
    await task


async def _first(*tasks: asyncio.Task[Any]) -> None:
    """Return when the first of them is done; one that failed raises here."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    tasks[-1].cancel()
    for task in done:
        task.result()
