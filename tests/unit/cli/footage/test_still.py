"""What it costs to watch a scene in which nothing happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.base.errors import Missing
from smartlogd.capture.options import CaptureOptions
from smartlogd.cli.bench import still as module
from smartlogd.cli.bench.still import Still, still
from smartlogd.settings import Settings


def test_the_share_is_of_one_core() -> None:
    assert Still(span_s=20.0, cpu_s=1.0, frames=100, scans=4).share == 0.05


@pytest.mark.usefixtures("seen_as_people")
async def test_a_still_scene_is_seen_at_its_pace_and_seldom_scanned(
    nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLE_S", 1.0)
    measured = await still(Settings(capture=CaptureOptions(fps=10.0)), 1.5, nobody)
    assert measured.span_s == pytest.approx(1.5, abs=0.5)
    assert 8 <= measured.frames <= 20
    assert measured.scans <= 2
    assert 0 < measured.cpu_s < measured.span_s


async def test_the_demo_needs_its_photographs(tmp_path: Path, models_dir: Path) -> None:
    """With the models there and the photographs not, it is the photographs that are asked for."""
    from smartlogd.detect.options import DetectOptions

    for file in models_dir.glob("*.tflite"):
        (tmp_path / file.name).symlink_to(file)
    with pytest.raises(Missing, match="astronaut"):
        await still(Settings(detect=DetectOptions(models_dir=tmp_path)), 1.0)
