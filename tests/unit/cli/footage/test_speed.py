"""The speed of a replay is measured against the same work."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from smartlogd.base.geometry import Box
from smartlogd.base.ports import Tensor
from smartlogd.base.seen import Detection, Frame, Pixels
from smartlogd.base.time import Stamp
from smartlogd.cli.bench.speed import PREPARE, CountingDetector, Speed, bare_loop, speed
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.registry import RECOGNITION, default_models
from smartlogd.settings import Settings


class NotedModel:
    """A model that notes what it is given."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.input_shape = (1, size, size, 3)
        self.given: list[tuple[int, ...]] = []

    def __call__(self, tensor: Tensor) -> tuple[Tensor, ...]:
        self.given.append(tensor.shape)
        return ()


def plain(square: Pixels) -> Tensor:
    return square[None]


def test_the_bare_loop_makes_exactly_the_runs_it_is_told_on_each_frame(there_and_back: Path) -> None:
    face, body = NotedModel("face", 32), NotedModel("body", 64)
    runs: Mapping[int, Mapping[str, int]] = {0: {"face": 2, "body": 1}, 61: {"face": 1}, 62: {"face": 99}}
    bare_loop(there_and_back, runs, {"face": (face, plain), "body": (body, plain)})
    assert face.given == [(1, 32, 32, 3)] * 3, "the clip has 62 frames; nothing runs on a frame that is not there"
    assert body.given == [(1, 64, 64, 3)]


class Scripted:
    """A detector whose models run as often as it is told, frame by frame."""

    def __init__(self, script: list[dict[str, int]]) -> None:
        self._script = script
        self.calls: Counter[str] = Counter()

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        self.calls = self.calls + Counter(self._script[frame.seq])
        return ()

    async def close(self) -> None:
        return


async def test_model_runs_are_noted_frame_by_frame() -> None:
    detector = CountingDetector(Scripted([{"face": 1, "body": 1}, {}, {"face": 3}]))  # type: ignore[arg-type]
    stamp = Stamp(0, dt.datetime(2026, 11, 21, tzinfo=dt.UTC), trusted=False)
    for seq in range(3):
        await detector.find(Frame(seq, stamp, np.zeros((2, 2, 3), np.uint8)))
    assert detector.runs == {0: {"face": 1, "body": 1}, 1: {}, 2: {"face": 3}}


def test_the_ratio_is_of_the_medians_so_that_one_slow_round_does_not_count() -> None:
    measured = Speed(100, {}, ours_s=(2.0, 90.0, 2.0), bare_s=(3.0, 3.0, 0.1))
    assert (measured.ours_fps, measured.bare_fps) == (50.0, pytest.approx(33.3, abs=0.1))
    assert measured.ratio == 1.5


def test_every_model_that_finds_can_be_run_bare() -> None:
    finding = {name for profile in ("door", "wide") for name in default_models(profile)} - {*RECOGNITION}
    assert finding <= set(PREPARE)


@pytest.mark.parametrize("profile", ["door", "wide"])
async def test_both_sides_are_measured_in_turns(someone: Path, models_dir: Path, profile: str) -> None:
    detect = DetectOptions.model_validate({"profile": profile, "models_dir": models_dir})
    said: list[str] = []
    measured = await speed(someone, Settings(detect=detect), 2, said.append)
    assert (measured.frames, len(measured.ours_s), len(measured.bare_s), len(said)) == (5, 2, 2, 2)
    assert all(seconds > 0 for seconds in (*measured.ours_s, *measured.bare_s, *measured.ours_cpu_s))
    assert len(measured.bare_cpu_s) == 2
    assert measured.model_runs
    assert all(times >= 1 for times in measured.model_runs.values())
