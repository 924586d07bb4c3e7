"""A program that watches a camera until it is killed: it prints the number of the camera's process."""

from __future__ import annotations

import asyncio
import multiprocessing

from smartlogd.base.time import SystemClock
from smartlogd.capture.live import LiveCamera
from smartlogd.capture.options import CaptureOptions


async def watch() -> None:
    camera = LiveCamera("steady", "fake_lenses:hanging", CaptureOptions(stall_s=60.0), SystemClock())
    async for frame in camera.frames():
        if frame.seq == 0:
            print(multiprocessing.active_children()[0].pid, flush=True)


if __name__ == "__main__":
    asyncio.run(watch())
