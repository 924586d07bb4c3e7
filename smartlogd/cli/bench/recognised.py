"""What recognition costs a replay: the same clips with it and without it, turn about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from smartlogd import wiring
from smartlogd.base.ids import ReplayIds
from smartlogd.base.time import monotonic_s
from smartlogd.capture.stream import FileCamera
from smartlogd.cli.footage import Unkept
from smartlogd.identify.gallery import Gallery
from smartlogd.settings import Settings


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that all clips took with recognition and without, in the order of the rounds."""

    frames: int
    looks: int
    with_s: tuple[float, ...]
    without_s: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The speed with recognition in speeds without it."""
        return median(self.without_s) / median(self.with_s)


async def cost(paths: Sequence[Path], settings: Settings, rounds: int, said: Callable[[str], None]) -> Cost:
    """Play all clips `rounds` times each way; models are loaded before the clock runs, as in a daemon."""
    with_s, without_s, frames, looks = [], [], 0, 0
    for number in range(rounds + 1):
        took_with_s, frames, looks = await _played(paths, settings, is_on=True)
        took_without_s, _, _ = await _played(paths, settings, is_on=False)
        if number:  # the first round only warms the caches
            with_s.append(took_with_s)
            without_s.append(took_without_s)
            said(f"round {number} of {rounds}: {took_with_s:.2f} s with recognition, {took_without_s:.2f} s without")
    return Cost(frames, looks, tuple(with_s), tuple(without_s))


async def _played(paths: Sequence[Path], settings: Settings, *, is_on: bool) -> tuple[float, int, int]:
    """Seconds, frames and looks at faces of all clips, one after another."""
    took_s, frames, looks = 0.0, 0, 0
    for path in paths:
        detector = wiring.detector(settings)
        identifier = wiring.identifier(settings, Gallery(), is_patient=True) if is_on else None
        camera = FileCamera(path, gate=wiring.gate(settings))
        pipeline = wiring.pipeline(
            settings, camera=camera, detector=detector, ids=ReplayIds(""), journal=Unkept(), identifier=identifier
        )
        began_s = monotonic_s()
        try:
            await pipeline.run()
            took_s += monotonic_s() - began_s
        finally:
            await camera.close()
            await detector.close()
            if identifier is not None:
                await identifier.close()
        frames += pipeline.tally.frames
        looks += pipeline.tally.looks
    return took_s, frames, looks
