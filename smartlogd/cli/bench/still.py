"""What it costs to watch a scene in which nothing happens.

The whole pipeline runs in this process, in real time, with the camera's pictures made or read here:
the motion gate looks at every frame, a scan of the whole picture by the models comes with each
heartbeat, the journal is open. What a live camera's own process would use is not in the number.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from smartlogd import wiring
from smartlogd.base.ids import LiveIds, uuid7
from smartlogd.base.ports import Camera
from smartlogd.base.time import SystemClock, cpu_s, monotonic_s
from smartlogd.capture.paced import DemoCamera, PacedCamera
from smartlogd.capture.stream import FileCamera
from smartlogd.pipeline import Tally
from smartlogd.settings import Settings

SETTLE_S = 8.0
"""The motion gate takes a while to know its background, and the first frames find the models cold."""


@dataclass(frozen=True, slots=True)
class Still:
    """Processor seconds over seconds of watching; how many frames came, and on how many the models ran."""

    span_s: float
    cpu_s: float
    frames: int
    scans: int

    @property
    def share(self) -> float:
        """The share of one core."""
        return self.cpu_s / self.span_s


async def still(settings: Settings, span_s: float, file: Path | None = None) -> Still:
    """Watch the demo's empty doorway, or `file` over and over, for `span_s` seconds after settling."""
    with tempfile.TemporaryDirectory(prefix="smartlogd-bench-") as folder:
        device = settings.device.model_copy(update={"state_dir": Path(folder)})
        models = settings.folders().models
        detect = settings.detect.model_copy(update={"models_dir": models})
        return await _watched(settings.model_copy(update={"device": device, "detect": detect}), span_s, file)


async def _watched(settings: Settings, span_s: float, file: Path | None) -> Still:
    """Settle, then measure."""
    clock = SystemClock()
    store = wiring.store(settings, clock, uuid7(clock.now()))
    camera, detector, tally = _camera(settings, clock, file), wiring.detector(settings), Tally()
    pipeline = wiring.pipeline(
        settings, camera=camera, detector=detector, ids=LiveIds(), journal=store.journal, tally=tally
    )
    tasks = [asyncio.create_task(part) for part in (pipeline.run(), store.journal.run())]
    try:
        await _slept(SETTLE_S, tasks)
        began_s, used_s, frames, scans = monotonic_s(), cpu_s(), tally.frames, tally.scans
        await _slept(span_s, tasks)
        return Still(monotonic_s() - began_s, cpu_s() - used_s, tally.frames - frames, tally.scans - scans)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await camera.close()
        await detector.close()
        await store.close()


async def _slept(span_s: float, tasks: list[asyncio.Task[None]]) -> None:
    """Let the tasks run for so long; a task that fails meanwhile raises here."""
    done, _ = await asyncio.wait(tasks, timeout=span_s, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


def _camera(settings: Settings, clock: SystemClock, file: Path | None) -> Camera:
    """The scene, at the pace of [capture]."""
    if file is not None:
        return PacedCamera(FileCamera(file, loop=True), settings.capture, clock)
    registry = wiring.model_registry(settings)
    photos = tuple(registry.path(name) for name in wiring.DEMO_PHOTOS)
    return DemoCamera(photos, settings.capture, clock, is_still=True)
