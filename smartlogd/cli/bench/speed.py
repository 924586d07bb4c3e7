"""How quickly footage is replayed, beside a bare loop over the same pictures and the same model runs.

The bare loop is what a short script would do: decode a picture, scale it, run a model, then the next
run, then the next picture, all in one thread, without decoding the models' answers, without tracks,
lines or a log. It makes exactly the model runs that the replay made, picture by picture: they are
counted first. So the ratio says what the house around the models costs, and what it wins by letting
decoding and the models overlap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from smartlogd import wiring
from smartlogd.base.geometry import Box
from smartlogd.base.ids import ReplayIds
from smartlogd.base.pixels import letterbox
from smartlogd.base.ports import Detector, Model, Tensor
from smartlogd.base.seen import Detection, Frame, Pixels
from smartlogd.base.time import cpu_s, monotonic_s
from smartlogd.capture.stream import FileCamera, recorded
from smartlogd.cli.footage import Unkept
from smartlogd.detect import faces, landmarks, objects, poses
from smartlogd.detect.detector import DoorDetector, WideDetector
from smartlogd.detect.interpreter import from_bytes
from smartlogd.settings import Settings

Prepare = Callable[[Pixels], Tensor]
Runs = Mapping[int, Mapping[str, int]]
"""Frame number -> model -> how often it ran on that frame."""

PREPARE: Mapping[str, Prepare] = {
    "face_full_range": faces.face_input,
    "pose_detector": poses.pose_input,
    "pose_landmark_full": landmarks.landmark_input,
    "coco_ssd_mobilenet": objects.object_input,
}
"""How a scaled square becomes each model's tensor: the very functions that the detectors use."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds that each replay and each bare loop took, in the order in which they were run, turn about.

    The processor seconds of both, of all threads together, tell on a busy machine what the clock cannot:
    where they are far below the seconds taken, other programs had the cores, and the ratio means little.
    """

    frames: int
    model_runs: Mapping[str, int]
    ours_s: tuple[float, ...]
    bare_s: tuple[float, ...]
    ours_cpu_s: tuple[float, ...] = ()
    bare_cpu_s: tuple[float, ...] = ()

    @property
    def ours_fps(self) -> float:
        """Frames a second of the replay, by its median time."""
        return self.frames / median(self.ours_s)

    @property
    def bare_fps(self) -> float:
        """Frames a second of the bare loop, by its median time."""
        return self.frames / median(self.bare_s)

    @property
    def ratio(self) -> float:
        """The replay's speed in bare speeds: above 1 it is quicker than the bare loop."""
        return median(self.bare_s) / median(self.ours_s)


class CountingDetector:
    """The profile's detector, and a note of how often each model ran on each frame."""

    def __init__(self, detector: DoorDetector | WideDetector) -> None:
        self._detector = detector
        self.runs: dict[int, dict[str, int]] = {}

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        """What the detector finds."""
        before = self._detector.calls
        found = await self._detector.find(frame, regions)
        after = self._detector.calls
        self.runs[frame.seq] = {name: n - before.get(name, 0) for name, n in after.items() if n > before.get(name, 0)}
        return found

    async def close(self) -> None:
        """Close the detector."""
        await self._detector.close()


async def speed(path: Path, settings: Settings, rounds: int, said: Callable[[str], None]) -> Speed:
    """Replay and bare loop in turns; `said` is told of each round. The models are loaded before the clock runs."""
    runs, frames = await _counted(path, settings)
    models = _loaded(settings, {name for counts in runs.values() for name in counts})
    detector = wiring.detector(settings)
    ours, bare = [], []
    try:
        bare_loop(path, runs, models)  # once unmeasured, as the counting replay was for our side
        for number in range(1, rounds + 1):
            ours.append(await _timed(_replayed(path, settings, detector)))
            bare.append(await _timed(asyncio.to_thread(bare_loop, path, runs, models)))
            said(f"round {number} of {rounds}: replay {ours[-1][0]:.2f} s, bare loop {bare[-1][0]:.2f} s")
    finally:
        await detector.close()
    (ours_s, ours_cpu_s), (bare_s, bare_cpu_s) = zip(*ours, strict=True), zip(*bare, strict=True)
    return Speed(frames, _summed(runs), ours_s, bare_s, ours_cpu_s, bare_cpu_s)


def bare_loop(path: Path, runs: Runs, models: Mapping[str, tuple[Model, Prepare]]) -> None:
    """The bare loop: this thread alone decodes, scales and runs."""
    for seq, (picture, _) in enumerate(recorded(path)):
        for name, times in runs.get(seq, {}).items():
            model, prepare = models[name]
            for _ in range(times):
                square, _fit = letterbox(picture.pixels, model.input_shape[1])
                model(prepare(square))


async def _timed(work: Awaitable[object]) -> tuple[float, float]:
    """Seconds and processor seconds that the work takes, from opening the file to its last frame."""
    began_s, used_s = monotonic_s(), cpu_s()
    await work
    return monotonic_s() - began_s, cpu_s() - used_s


async def _counted(path: Path, settings: Settings) -> tuple[Runs, int]:
    """Which model ran how often on which frame of a replay, and how many frames there are."""
    opened = wiring.detector(settings)
    assert isinstance(opened, DoorDetector | WideDetector)
    detector = CountingDetector(opened)
    try:
        frames = await _replayed(path, settings, detector)
    finally:
        await detector.close()
    return detector.runs, frames


async def _replayed(path: Path, settings: Settings, detector: Detector) -> int:
    """The whole pipeline over the whole file; gives the number of frames."""
    camera = FileCamera(path, gate=wiring.gate(settings))
    ids = ReplayIds("")
    pipeline = wiring.pipeline(settings, camera=camera, detector=detector, ids=ids, journal=Unkept())
    try:
        await pipeline.run()
    finally:
        await camera.close()
    return pipeline.tally.frames


def _loaded(settings: Settings, names: set[str]) -> dict[str, tuple[Model, Prepare]]:
    """The models of the bare loop, apart from the detector's own."""
    registry = wiring.model_registry(settings)
    delegate = settings.detect.delegate
    return {name: (from_bytes(registry.content(name), name, delegate), PREPARE[name]) for name in sorted(names)}


def _summed(runs: Runs) -> dict[str, int]:
    """All runs of each model."""
    names = sorted({name for counts in runs.values() for name in counts})
    return {name: sum(counts.get(name, 0) for counts in runs.values()) for name in names}
