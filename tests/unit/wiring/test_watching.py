"""What settings become that watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from smartlogd import wiring
from smartlogd.base.errors import Missing
from smartlogd.base.ids import LiveIds
from smartlogd.base.ports import Camera, Detector
from smartlogd.base.time import SystemClock
from smartlogd.settings import Settings

Given = Callable[..., Settings]


def feet(anchor: str) -> dict[str, object]:
    return {"lines": {"x": {"start": (0, 0.5), "end": (1, 0.5), "inside": "below", "anchor": anchor}}}


def test_feet_are_needed_when_a_line_asks_for_them(settings: Given, tmp_path: Path) -> None:
    assert wiring.needs_feet(settings(movement=feet("feet")))
    assert not wiring.needs_feet(settings(movement=feet("centre")))


def test_without_models_the_detector_is_missing_and_says_how_to_fetch_them(settings: Given, tmp_path: Path) -> None:
    with pytest.raises(Missing, match="not on this device") as caught:
        wiring.detector(settings())
    assert "smartlogd models fetch" in caught.value.hint


async def test_the_parts_of_a_demo_fit_together(settings: Given, tmp_path: Path, models_dir: Path) -> None:
    given = settings(detect={"models_dir": str(models_dir)}, capture={"source": "demo"})
    clock = SystemClock()
    store = await asyncio.to_thread(wiring.store, given, clock, uuid4())
    camera: Camera = wiring.camera(given, clock)
    detector: Detector = await asyncio.to_thread(wiring.detector, given)
    seen: list[int] = []
    pipeline = wiring.pipeline(
        given,
        camera=camera,
        detector=detector,
        ids=LiveIds(),
        journal=store.journal,
        watchers=(lambda frame, _scene, _events: seen.append(frame.seq),),
    )
    running = asyncio.create_task(pipeline.run())
    while not seen:
        await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait({running})
    for part in (camera, detector, store):
        await part.close()
    assert pipeline.tally.scans >= 1
