from __future__ import annotations

import os
import signal

import pytest

from smartlogd.base.errors import CameraLost
from smartlogd.base.time import SystemClock
from smartlogd.capture.child import Errand
from smartlogd.capture.latest import Latest
from smartlogd.capture.life import Life, begun
from smartlogd.capture.options import CaptureOptions

OPTIONS = CaptureOptions(width_px=160, height_px=120)


def errand(lens: str) -> Errand:
    return Errand(f"fake_lenses:{lens}", OPTIONS, SystemClock(), 40, os.getpid())


async def drained(life: Life) -> None:
    """Take all that was said before, until nothing more comes."""
    while True:
        await life.newest(0.3)


async def test_a_life_numbers_on_from_where_the_last_one_ended(fake_lenses: str) -> None:
    life = await begun(errand("steady"), Latest())
    frame = await life.newest(10.0)
    await life.end(gently=True)
    assert frame is not None
    assert frame.seq >= 40
    assert life.next_seq > frame.seq


async def test_a_stopped_process_is_noticed_and_killed_all_the_same(fake_lenses: str) -> None:
    life = await begun(errand("steady"), Latest())
    await life.newest(10.0)
    os.kill(life._process.pid, signal.SIGSTOP)
    with pytest.raises(CameraLost, match=r"no picture for 0\.3 s"):
        await drained(life)
    process = life._process
    await life.end(gently=True)
    with pytest.raises(ValueError, match="closed"):
        process.is_alive()


async def test_a_system_without_room_for_another_process_is_a_lost_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(process: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("smartlogd.capture.life._start", refuse)
    with pytest.raises(CameraLost, match="cannot be started"):
        await begun(errand("steady"), Latest())
