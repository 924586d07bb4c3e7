"""A camera that is not there yet is looked for; what was asked meanwhile holds for the one that comes."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp
from smartlogd.capture.sought import SoughtCamera

AT = Stamp(0, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=True)


class Plugged:
    """A camera with three frames."""

    name, dropped, status = "/dev/video0", 4, "running"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def frames(self) -> AsyncIterator[Frame]:
        for seq in range(3):
            yield Frame(seq, AT, np.zeros((2, 2, 3), np.uint8))

    async def pause(self) -> None:
        self.asked.append("pause")

    async def resume(self) -> None:
        self.asked.append("resume")

    async def close(self) -> None:
        self.asked.append("close")


class Socket:
    """Where a camera is plugged in after so many looks."""

    def __init__(self, after: int) -> None:
        self.after, self.looks, self.camera = after, 0, Plugged()

    def __call__(self) -> Plugged:
        self.looks += 1
        if self.looks <= self.after:
            raise Missing("No camera was found.", "Plug one in.")
        return self.camera


async def test_a_camera_that_comes_later_is_found_and_why_there_was_none_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    socket = Socket(3)
    camera = SoughtCamera(socket, look_s=0.01)
    assert (camera.name, camera.status, camera.dropped) == ("auto", "opening", 0)
    assert [frame.seq async for frame in camera.frames()] == [0, 1, 2]
    assert (camera.name, camera.status, camera.dropped) == ("/dev/video0", "running", 4)
    assert caplog.messages == ["no camera"]


async def test_while_there_is_none_it_is_absent_and_can_be_closed() -> None:
    camera = SoughtCamera(Socket(10**6), look_s=60)
    task = asyncio.create_task(anext(aiter(camera.frames()), None))
    async with asyncio.timeout(5):
        while camera.status != "absent":
            await asyncio.sleep(0.01)
        await camera.close()
        assert await task is None
    assert camera.status == "ended"


async def test_while_it_is_paused_nothing_is_looked_for() -> None:
    socket = Socket(1)
    camera = SoughtCamera(socket, look_s=0.01)
    await camera.pause()
    task = asyncio.create_task(anext(aiter(camera.frames())))
    await asyncio.sleep(0.1)
    assert (camera.status, socket.looks, camera.camera) == ("paused", 0, None)
    await camera.resume()
    assert (await task).seq == 0
    await camera.pause()
    await camera.resume()
    await camera.close()
    assert socket.camera.asked == ["pause", "resume", "close"]


async def test_what_is_found_after_it_was_paused_is_left_until_it_is_resumed() -> None:
    socket, looking, going = Socket(0), threading.Event(), threading.Event()

    def find() -> Plugged:
        looking.set()
        going.wait(5)
        return socket()

    camera = SoughtCamera(find)
    task = asyncio.create_task(anext(aiter(camera.frames())))
    await asyncio.to_thread(looking.wait, 5)
    await camera.pause()
    going.set()
    await asyncio.sleep(0.1)
    assert (camera.status, camera.camera, task.done()) == ("paused", None, False)
    await camera.resume()
    assert (await task).seq == 0
    assert camera.camera is socket.camera


async def test_a_pause_that_was_taken_back_before_it_was_found_does_not_hold() -> None:
    socket = Socket(0)
    camera = SoughtCamera(socket)
    await camera.pause()
    await camera.resume()
    assert [frame.seq async for frame in camera.frames()]
    assert socket.camera.asked == []
