"""The daemon with a camera that freezes: it is lost, comes back soon after it thaws, and never keeps anyone waiting."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from device import STOP_S, Device, stopped

from smartlogd.base.time import monotonic_s
from smartlogd.detect.registry import Registry, read_catalogue

PROGRAM = Path(__file__).with_name("frozen_camera.py")
THAW_S = 10.0
FROZEN_S, FROZEN_LONG_S = 2.0, 75.0
"""How much longer than until it is lost; in the longer time camera and models are set up anew as well."""


def filming(device: Device, how: str) -> Path:
    """Have the device film by the program; gives the file that freezes it."""
    registry = Registry(read_catalogue(), Path(device.environment["SMARTLOG_DETECT__MODELS_DIR"]), None)
    flag = device.folder / "frozen"
    photos = (registry.path("astronaut"), registry.path("camera"))
    words = (sys.executable, PROGRAM, flag, *photos, "{width}", "{height}", "{fps}", how)
    device.configure(source=f"command:{' '.join(str(word) for word in words)}")
    return flag


def programs(flag: Path) -> list[int]:
    """The camera programs that run and look at this file, by what stands on their command line."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(PROGRAM).encode() in words and str(flag).encode() in words:
            found.append(int(line.parent.name))
    return found


def until(asked: Callable[[], bool], within_s: float) -> None:
    end_s = monotonic_s() + within_s
    while not asked():
        assert monotonic_s() < end_s
        threading.Event().wait(0.05)


@pytest.mark.parametrize("how", ["thaws", "stuck"])
def test_frames_come_again_soon_after_a_thaw_and_a_frozen_camera_holds_up_no_stop(
    device: Device, how: str, long_run: bool
) -> None:
    flag = filming(device, how)
    with device.running() as process:
        device.until(lambda state: state["camera"]["status"] == "running" and state["journal"]["written"] >= 2)
        before = device.rows()
        assert before != []
        flag.touch()
        device.until(lambda state: state["camera"]["status"] == "lost", within_s=20.0)
        seen = device.state()["frames"]
        threading.Event().wait(FROZEN_LONG_S if long_run else FROZEN_S)
        assert device.state()["frames"] == seen
        flag.unlink()
        device.until(lambda state: state["frames"] > seen, within_s=THAW_S)
        device.until(lambda state: state["camera"]["status"] == "running")
        until(lambda: len(programs(flag)) == 1, 5.0)  # the one that hung was killed

        flag.touch()
        threading.Event().wait(1.0)
        began_s = monotonic_s()
        code, err = stopped(process, signal.SIGTERM)
        assert monotonic_s() - began_s < STOP_S
    assert code == 0, err
    assert "Traceback" not in err
    assert "did not close in time" not in err
    assert device.rows()[: len(before)] == before
    until(lambda: not programs(flag), 5.0)


def test_a_camera_frozen_from_the_start_keeps_nobody_from_stopping(device: Device) -> None:
    flag = filming(device, "stuck")
    flag.touch()
    with device.running() as process:
        device.until(lambda state: state["camera"]["status"] in ("opening", "lost"))
        until(lambda: programs(flag) != [], 10.0)
        code, err = stopped(process, signal.SIGTERM)
    assert code == 0, err
    assert "did not close in time" not in err
    until(lambda: not programs(flag), 5.0)
