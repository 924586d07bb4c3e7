"""Frames, and models that answer as they are told."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from smartlogd.base.ports import Tensor
from smartlogd.base.seen import Frame, Pixels
from smartlogd.base.time import Stamp

sys.path.insert(0, str(Path(__file__).parent))  # for `fetching`, which three test modules share


@dataclass
class Spoken:
    """A model port whose answers are written down beforehand; what it was shown is kept."""

    name: str
    input_shape: tuple[int, ...]
    answer: Callable[[Tensor], tuple[Tensor, ...]]
    shown: list[Tensor] = field(default_factory=list)

    def __call__(self, tensor: Tensor) -> tuple[Tensor, ...]:
        self.shown.append(tensor)
        return self.answer(tensor)


@pytest.fixture
def spoken() -> type[Spoken]:
    return Spoken


@pytest.fixture
def frame() -> Callable[..., Frame]:
    def made(pixels: Pixels | None = None, seq: int = 0) -> Frame:
        grey = np.full((480, 640, 3), 128, np.uint8) if pixels is None else pixels
        return Frame(seq, Stamp(0, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=False), grey)

    return made


@pytest.fixture(scope="session")
def picture(shared: Path) -> Callable[[str], Pixels]:
    """A photograph of the shared data by its path there, as RGB."""

    def read(path: str) -> Pixels:
        bgr = cv2.imread(str(shared / path), cv2.IMREAD_COLOR)
        assert bgr is not None, path
        return np.ascontiguousarray(bgr[..., ::-1])

    return read
