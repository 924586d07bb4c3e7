"""Made tracks, lines and pictures for the record room."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Phase, Track, TrackId
from smartlogd.base.seen import Kind, Pixels
from smartlogd.base.time import Stamp

START = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)


@pytest.fixture
def stamp() -> Stamp:
    return Stamp(1_500_000_000, START, trusted=False)


@pytest.fixture
def make_track(stamp: Stamp) -> Callable[..., Track]:
    def make(number: int = 1, box: Box | None = None, phase: Phase = Phase.CONFIRMED, **more: object) -> Track:
        where = box or Box(0.3, 0.3, 0.6, 0.9)
        fields = {"score": 0.9, "hits": 9, "first": stamp, "last": stamp} | more
        return Track(id=TrackId(number), kind=Kind.PERSON, box=where, velocity=Point(0, 0), phase=phase, **fields)

    return make


@pytest.fixture
def grey() -> Pixels:
    return np.full((240, 320, 3), 128, np.uint8)
