"""What recognition costs is measured with it and without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from smartlogd.cli.bench.recognised import Cost, cost
from smartlogd.settings import Settings


def test_the_ratio_is_of_medians_and_one_when_it_costs_nothing() -> None:
    assert Cost(10, 3, (2.0, 2.0, 9.0), (1.6, 1.6, 1.6)).ratio == 0.8
    assert Cost(10, 3, (1.0,), (1.0,)).ratio == 1.0


async def test_a_clip_without_people_is_played_both_ways_and_no_face_looked_at(
    there_and_back: Path, models_dir: Path
) -> None:
    settings = Settings.model_validate({"detect": {"models_dir": models_dir}})
    said: list[str] = []
    measured = await cost([there_and_back], settings, 2, said.append)
    assert (measured.looks, len(measured.with_s), len(said)) == (0, 2, 2)
    assert measured.frames > 0


def test_the_command_says_what_is_wanted(
    smartlogd: Callable[..., object], shared: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(models_dir))
    clip = shared / "videos" / "intel_head-pose-face-detection-female.gif"
    said = smartlogd("bench", "recognition", clip, "--runs", "1", "--json")
    told = json.loads(said.out)  # type: ignore[attr-defined]
    assert told["looks"] >= 1
    assert told["wanted"] == 0.8
    assert told["ratio"] > 0.3
