from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.seen import Frame
from smartlogd.base.time import SystemClock
from smartlogd.capture.options import CaptureOptions
from smartlogd.capture.paced import DemoCamera, PacedCamera
from smartlogd.capture.stream import FileCamera

Take = Callable[..., object]


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("astronaut.png", "camera.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((512, 512, 3), np.uint8))
    return tmp_path / "astronaut.png", tmp_path / "camera.png"


async def take(camera: DemoCamera | PacedCamera, count: int, pause_s: float = 0.0) -> list[Frame]:
    frames = []
    async for frame in camera.frames():
        frames.append(frame)
        if len(frames) == count:
            await camera.close()
        await asyncio.sleep(pause_s)
    return frames


async def test_the_demo_keeps_its_rate_and_drops_nothing_while_it_is_taken(photos: tuple[Path, Path]) -> None:
    camera = DemoCamera(photos, CaptureOptions(fps=20), SystemClock())
    assert camera.status == "opening"
    frames = await take(camera, 11)
    assert frames[-1].stamp.since(frames[0].stamp) == pytest.approx(0.5, abs=0.15)
    assert frames[-1].seq + 1 == len(frames) + camera.dropped
    assert camera.status == "ended"


async def test_a_slow_reader_of_the_demo_gets_the_newest_and_the_rest_is_counted(photos: tuple[Path, Path]) -> None:
    camera = DemoCamera(photos, CaptureOptions(fps=40), SystemClock())
    frames = await take(camera, 4, pause_s=0.2)
    assert camera.dropped == frames[-1].seq + 1 - 4 >= 15


async def test_the_still_demo_shows_nobody(photos: tuple[Path, Path]) -> None:
    camera = DemoCamera(photos, CaptureOptions(fps=120), SystemClock(), is_still=True)
    frames = await take(camera, 9)
    assert len({id(frame.pixels.base) for frame in frames}) <= 4


async def test_the_demo_can_be_turned_and_shrunk(photos: tuple[Path, Path]) -> None:
    camera = DemoCamera(photos, CaptureOptions(width_px=320, rotate_deg=90), SystemClock())
    (frame, *_) = await take(camera, 1)
    assert frame.pixels.shape == (320, 240, 3)
    assert not frame.pixels.flags.writeable


async def test_a_file_in_a_cameras_place_plays_at_its_own_speed_and_ends(film) -> None:
    clock, path = SystemClock(), film(times_s=[0.0, 0.1, 0.3, 0.5])
    before = clock.now()
    camera = PacedCamera(FileCamera(path), CaptureOptions(fps=30), clock)
    frames = await take(camera, 99)
    assert [frame.seq for frame in frames] == [0, 1, 2, 3]
    assert frames[-1].stamp.since(frames[0].stamp) == pytest.approx(0.5, abs=0.15)
    assert frames[0].stamp.utc >= before.utc
    assert (camera.status, camera.dropped, camera.name) == ("ended", 0, "clip.mp4")


async def test_a_file_is_thinned_to_the_rate_asked_for_and_keeps_its_packets(film) -> None:
    camera = PacedCamera(FileCamera(film(times_s=[n / 50 for n in range(50)])), CaptureOptions(fps=10), SystemClock())
    frames = await take(camera, 99)
    assert 8 <= len(frames) + camera.dropped <= 11
    assert sum(len(frame.packets) for frame in frames) >= frames[-1].seq
    assert [frame.pts_s for frame in frames] == pytest.approx([frame.seq / 50 for frame in frames])


async def test_a_slow_reader_of_a_file_skips_what_is_past(film) -> None:
    camera = PacedCamera(FileCamera(film(times_s=[n / 20 for n in range(40)])), CaptureOptions(fps=20), SystemClock())
    frames = await take(camera, 99, pause_s=0.3)
    assert len(frames) < 12
    assert camera.dropped > 20


async def test_a_file_that_loops_goes_on_until_it_is_closed(film) -> None:
    file = FileCamera(film(times_s=[0.0, 0.02, 0.04]), loop=True)
    frames = await take(PacedCamera(file, CaptureOptions(fps=60), SystemClock()), 8)
    assert len(frames) == 8


async def test_closing_does_not_wait_for_the_next_frame(film) -> None:
    camera = PacedCamera(FileCamera(film(times_s=[0.0, 600.0])), CaptureOptions(), SystemClock())
    watching = asyncio.create_task(take(camera, 99))
    await asyncio.sleep(0.3)
    await camera.close()
    async with asyncio.timeout(2):
        assert len(await watching) == 1


async def test_a_file_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    camera = PacedCamera(FileCamera(tmp_path / "none.mp4"), CaptureOptions(), SystemClock())
    with pytest.raises(Missing):
        await take(camera, 1)


@pytest.mark.parametrize("kind", ["demo", "file"])
async def test_a_paused_scene_stands_still_and_goes_on_from_there(kind: str, photos: tuple[Path, Path], film) -> None:
    options, clock = CaptureOptions(fps=20), SystemClock()
    made = DemoCamera(photos, options, clock)
    camera = (
        made if kind == "demo" else PacedCamera(FileCamera(film(times_s=[n / 20 for n in range(60)])), options, clock)
    )
    frames: list[Frame] = []

    async def read() -> None:
        async for frame in camera.frames():
            frames.append(frame)  # noqa: PERF401 - each is looked at as soon as it is there

    await camera.pause()
    reading = asyncio.create_task(read())
    await asyncio.sleep(0.2)
    assert (frames, camera.status) == ([], "paused")
    await camera.resume()
    await shown(frames, 4)
    assert camera.status == "running"
    await camera.pause()
    seen, dropped = frames[-1], camera.dropped
    await asyncio.sleep(1.5)
    assert (frames[-1], camera.status) == (seen, "paused")
    await camera.resume()
    await shown(frames, len(frames) + 2)
    after = frames[frames.index(seen) + 1]
    assert after.stamp.since(seen.stamp) > 1.4
    assert after.seq - seen.seq <= 1 + camera.dropped - dropped < 10, "what was not shown is not passed over"
    await camera.close()
    await reading
    assert camera.status == "ended"


async def shown(frames: list[Frame], count: int) -> None:
    async with asyncio.timeout(10):
        while len(frames) < count:
            await asyncio.sleep(0.01)


async def test_a_paused_scene_can_be_closed(photos: tuple[Path, Path]) -> None:
    camera = DemoCamera(photos, CaptureOptions(), SystemClock())
    await camera.pause()
    watching = asyncio.create_task(take(camera, 1))
    await asyncio.sleep(0.1)
    await camera.close()
    async with asyncio.timeout(2):
        assert await watching == []
