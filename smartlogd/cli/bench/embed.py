"""How long an embedding takes, by TFLite and by dlib, which run the same network.

Both run in this process, one thread each, in turns: what slows the machine slows both.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np

from smartlogd import wiring
from smartlogd.base.errors import Missing
from smartlogd.base.ports import Embedder
from smartlogd.base.seen import Pixels
from smartlogd.base.time import monotonic_s
from smartlogd.cli.bench.start import resident_bytes
from smartlogd.identify.align import CHIP
from smartlogd.settings import Settings

QUICK_TIMES, SLOW_TIMES = 20, 2
"""Embeddings in each round; of dlib fewer, which takes twenty times as long."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: seconds of one embedding, round by round, and the memory it took until its first was done."""

    seconds: tuple[float, ...]
    grown_bytes: int

    @property
    def median_s(self) -> float:
        """The middle one."""
        return median(self.seconds)


@dataclass(frozen=True, slots=True)
class Embed:
    """Both sides; dlib's is None where it cannot be had, and `absent` says why."""

    tflite: Side
    dlib: Side | None
    absent: str = ""

    @property
    def ratio(self) -> float | None:
        """TFLite's time in dlib's times."""
        return self.tflite.median_s / self.dlib.median_s if self.dlib else None


def embed(settings: Settings, rounds: int) -> Embed:
    """Measure with the embedder of these settings; raises Missing without its model."""
    chip = np.random.default_rng(0).integers(0, 256, (CHIP, CHIP, 3)).astype(np.uint8)
    ours, ours_bytes = _opened(lambda: _by("tflite", settings), chip)
    try:
        theirs, theirs_bytes = _opened(lambda: _by("dlib", settings), chip)
    except Missing as missing:
        return Embed(Side(_alone(ours, chip, rounds), ours_bytes), None, str(missing))
    quick, slow = [], []
    for _ in range(rounds):
        quick.append(_each_s(ours, chip, QUICK_TIMES))
        slow.append(_each_s(theirs, chip, SLOW_TIMES))
    return Embed(Side(tuple(quick), ours_bytes), Side(tuple(slow), theirs_bytes))


def _by(which: str, settings: Settings) -> Embedder:
    """The embedder of these settings, run by one or the other."""
    identify = settings.identify.model_copy(update={"embedder": which})
    return wiring.embedder(settings.model_copy(update={"identify": identify}))


def _opened(make: Callable[[], Embedder], chip: Pixels) -> tuple[Embedder, int]:
    """An embedder that has run once, and by how much the process has grown."""
    before = resident_bytes(os.getpid())
    embedder = make()
    embedder.embed(chip)
    return embedder, max(0, resident_bytes(os.getpid()) - before)


def _alone(embedder: Embedder, chip: Pixels, rounds: int) -> tuple[float, ...]:
    return tuple(_each_s(embedder, chip, QUICK_TIMES) for _ in range(rounds))


def _each_s(embedder: Embedder, chip: Pixels, times: int) -> float:
    """Seconds of one embedding."""
    began_s = monotonic_s()
    for _ in range(times):
        embedder.embed(chip)
    return (monotonic_s() - began_s) / times
