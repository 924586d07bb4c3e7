"""An ear with the real model: the official one where it is here, else the unofficial copy of the shared data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.known import Burst
from smartlogd.base.seen import Sound
from smartlogd.base.time import Stamp
from smartlogd.detect.hearing import Ear, open_ear
from smartlogd.detect.options import SoundOptions
from smartlogd.detect.registry import Registry, read_catalogue
from smartlogd.detect.sounds import RATE_HZ, WORDS, Samples

DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def at(t_s: float) -> Stamp:
    """That many seconds after the beginning."""
    return Stamp(round(t_s * 1e9), DAY + dt.timedelta(seconds=t_s), trusted=True)


def pieces(samples: Samples, piece: int = 1600, began_s: float = 0.0) -> Iterable[Sound]:
    """Sound as a microphone gives it."""
    for seq, first in enumerate(range(0, len(samples), piece)):
        yield Sound(seq, at(began_s + first / RATE_HZ), samples[first : first + piece])


def real_ear(shared: Path, folder: Path, **options: object) -> Ear:
    """An ear that tells of every word; the test is skipped where no edition of the model is to be had."""
    registry = Registry(read_catalogue(), folder, shared / "models")
    try:
        return open_ear(SoundOptions(**({"words": WORDS} | options)), registry, may_stand_in=lambda _: None)
    except Missing as missing:
        pytest.skip(f"needs the model yamnet, or its copy in ../shared/data/models: {missing.what}")


def heard_by(ear: Ear, sounds: Iterable[Sound]) -> list[Burst]:
    """All that the ear tells of these sounds."""
    told = [burst for sound in sounds for burst in ear.listen(sound)]
    return [*told, *ear.rest()]


def noise(span_s: float, loudness: float = 0.1) -> Samples:
    """The same hiss on every run."""
    return (np.random.default_rng(7).normal(size=round(span_s * RATE_HZ)) * loudness).astype(np.float32)
