"""What clips cost: the same footage with the recorder and without it, turn about, and what its ring takes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from smartlogd import wiring
from smartlogd.base.ids import LiveIds, ReplayIds
from smartlogd.base.known import Event, EventId, Filed, Recording
from smartlogd.base.ports import Detector
from smartlogd.base.seen import Frame
from smartlogd.base.time import SystemClock, cpu_s, monotonic_s
from smartlogd.capture.stream import FileCamera
from smartlogd.cli.footage import Unkept
from smartlogd.movement.scene import Scene
from smartlogd.record.recorder import Recorder
from smartlogd.settings import Settings


@dataclass(frozen=True, slots=True)
class ClipCost:
    """Seconds that the footage took, in the order of the rounds: without the recorder, with it and the camera's own
    packets, and with it where the frames were encoded here. `ring_bytes` is the most that the ring ever took.

    The processor seconds beside them tell on a busy machine what the clock cannot.
    """

    frames: int
    clips: tuple[int, int]
    skipped: int
    ring_bytes: int
    ring_most_bytes: int
    without_s: tuple[float, ...]
    packets_s: tuple[float, ...]
    encoded_s: tuple[float, ...]
    cpu_s: tuple[tuple[float, float, float], ...]

    @property
    def ratio(self) -> float:
        """The speed with clips of the camera's packets, in speeds without clips."""
        return median(self.without_s) / median(self.packets_s)

    @property
    def encoded_ratio(self) -> float:
        """The speed with clips that are encoded here, in speeds without clips."""
        return median(self.without_s) / median(self.encoded_s)

    @property
    def cpu_ratios(self) -> tuple[float, float]:
        """The same two by the processor's time, which other programs on the machine take less part in."""
        without, packets, encoded = (median(column) for column in zip(*self.cpu_s, strict=True))
        return without / packets, without / encoded


@dataclass(slots=True)
class _Run:
    """One replay: how long it took, what was cut."""

    took_s: float = 0.0
    cpu_s: float = 0.0
    frames: int = 0
    clips: int = 0
    skipped: int = 0
    ring_bytes: int = 0


class _Bare(FileCamera):
    """Footage as a camera gives it that has no encoder."""

    async def frames(self) -> AsyncIterator[Frame]:  # type: ignore[override]
        """Every frame, without its packets."""
        async for frame in super().frames():
            yield replace(frame, packets=(), pts_s=None)


class _Noted:
    """A shelf that is only a count: the database's share is measured by `bench journal`."""

    def __init__(self) -> None:
        self.clips = 0

    async def plan(self, recording: Recording) -> str:
        """Where it is to lie."""
        return f"clips/{recording.id}{recording.suffix}"

    async def filed(self, recording: EventId, filed: Filed) -> None:
        """One more."""
        self.clips += 1

    async def lost(self, recording: EventId) -> None:
        """Nothing to note."""


async def clips(path: Path, settings: Settings, rounds: int, said: Callable[[str], None]) -> ClipCost:
    """Replay `rounds` times each way; the models are loaded before the clock runs."""
    detector = wiring.detector(settings)
    without: list[_Run] = []
    packets: list[_Run] = []
    encoded: list[_Run] = []
    try:
        for number in range(rounds + 1):
            now = (
                await _replayed(FileCamera(path, gate=wiring.gate(settings)), settings, detector, is_on=False),
                await _replayed(FileCamera(path, gate=wiring.gate(settings)), settings, detector, is_on=True),
                await _replayed(_Bare(path, gate=wiring.gate(settings)), settings, detector, is_on=True),
            )
            if number == 0:  # the first round only warms the caches
                continue
            for runs, run in zip((without, packets, encoded), now, strict=True):
                runs.append(run)
            took = ", ".join(f"{run.took_s:.2f}" for run in now)
            said(f"round {number} of {rounds}: {took} s (without clips, with packets, encoded here)")
    finally:
        await detector.close()
    return ClipCost(
        frames=without[0].frames,
        clips=(packets[-1].clips, encoded[-1].clips),
        skipped=max(run.skipped for run in encoded),
        ring_bytes=max(run.ring_bytes for run in (*packets, *encoded)),
        ring_most_bytes=settings.record.ring_mib * 1024 * 1024,
        without_s=tuple(run.took_s for run in without),
        packets_s=tuple(run.took_s for run in packets),
        encoded_s=tuple(run.took_s for run in encoded),
        cpu_s=tuple((a.cpu_s, b.cpu_s, c.cpu_s) for a, b, c in zip(without, packets, encoded, strict=True)),
    )


async def _replayed(camera: FileCamera, settings: Settings, detector: Detector, *, is_on: bool) -> _Run:
    """The whole pipeline over the whole file, everyone unknown, so that every crossing is filmed."""
    run, shelf = _Run(), _Noted()
    with tempfile.TemporaryDirectory(prefix="smartlogd-bench-") as folder:
        recorder = Recorder(lambda: settings.record, shelf, Path(folder), LiveIds(), SystemClock())

        def watch(frame: Frame, scene: Scene, events: tuple[Event, ...]) -> None:
            recorder.watch(frame, scene, events)
            taken = recorder.state()["ring_bytes"]
            run.ring_bytes = max(run.ring_bytes, taken if isinstance(taken, int) else 0)

        pipeline = wiring.pipeline(
            settings,
            camera=camera,
            detector=detector,
            ids=ReplayIds(""),
            journal=Unkept(),
            watchers=(watch,) if is_on else (),
            enders=(recorder.over,) if is_on else (),
        )
        cutting = asyncio.create_task(recorder.run())
        began_s, used_s = monotonic_s(), cpu_s()
        try:
            await pipeline.run()
            run.took_s, run.cpu_s = monotonic_s() - began_s, cpu_s() - used_s
            run.skipped = int(str(recorder.state().get("skipped", 0)))
        finally:
            await camera.close()
            cutting.cancel()
            with suppress(asyncio.CancelledError):
                await cutting
    run.frames, run.clips = pipeline.tally.frames, shelf.clips
    return run
