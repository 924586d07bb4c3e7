"""Cameras that misbehave, each in its own way; they run in the camera's child process.

`options.source` may name a file by which a lens remembers, over restarts, that it has been opened.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from smartlogd.base.errors import CameraLost, Missing
from smartlogd.base.seen import Packet
from smartlogd.capture.lens import Shot
from smartlogd.capture.options import CaptureOptions


def picture(options: CaptureOptions, shade: int = 0) -> Shot:
    pixels = np.full((options.height_px, options.width_px, 3), shade % 256, np.uint8)
    return Shot(pixels, (Packet(shade / 30, shade % 10 == 0, "h264", bytes([shade % 256]) * 100),))


def steady(options: CaptureOptions) -> Iterator[Shot]:
    """30 pictures a second, each in its number's shade."""
    for number in range(100_000):
        yield picture(options, number)
        time.sleep(1 / 30)


def hanging(options: CaptureOptions) -> Iterator[Shot]:
    """Three pictures, then a driver that never returns."""
    for number in range(3):
        yield picture(options, number)
        time.sleep(0.02)
    time.sleep(3600)


def never_opening(options: CaptureOptions) -> Iterator[Shot]:
    """A driver that does not even open."""
    time.sleep(3600)
    yield picture(options)


def unplugged(options: CaptureOptions) -> Iterator[Shot]:
    """Three pictures, then someone pulls the plug."""
    for number in range(3):
        yield picture(options, number)
        time.sleep(0.02)
    raise CameraLost("The camera was unplugged.", "Plug it in.")


def absent(options: CaptureOptions) -> Iterator[Shot]:
    """No such camera."""
    raise Missing("There is no camera at /dev/video7.", "Plug one in.")
    yield picture(options)


def crashing(options: CaptureOptions) -> Iterator[Shot]:
    """A driver that takes its whole process down after one picture."""
    yield picture(options)
    time.sleep(0.05)
    sys.exit(7)


def freezing_once(options: CaptureOptions) -> Iterator[Shot]:
    """Freezes at its first opening, works at its second."""
    memory = Path(options.source)
    if not memory.exists():
        memory.touch()
        yield picture(options)
        time.sleep(3600)
    yield from steady(options)


def thawing(options: CaptureOptions) -> Iterator[Shot]:
    """Pauses for a while, but not long enough to be lost."""
    yield picture(options, 1)
    time.sleep(0.3)
    yield from steady(options)


def with_a_program(options: CaptureOptions) -> Iterator[Shot]:
    """Starts a program that would outlive it, writes its number into `source`, and then hangs."""
    program = subprocess.Popen(["sleep", "3600"])
    Path(options.source).write_text(str(program.pid))
    yield picture(options)
    time.sleep(3600)


def large(options: CaptureOptions) -> Iterator[Shot]:
    """Pictures larger than asked for, and of another shape."""
    while True:
        yield Shot(np.zeros((720, 1280, 3), np.uint8))
        time.sleep(0.05)


def noting(options: CaptureOptions) -> Iterator[Shot]:
    """Works, and writes the number of each process that opens it into `source`."""
    with Path(options.source).open("a") as noted:
        noted.write(f"{os.getpid()}\n")
    yield from steady(options)


def deaf(options: CaptureOptions) -> Iterator[Shot]:
    """Hangs after its first picture, and takes no notice of being asked to end."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    yield picture(options)
    while True:
        time.sleep(3600)


def thaws(options: CaptureOptions) -> Iterator[Shot]:
    """No call returns while the file `source` is there; all do when it has gone."""
    for number in range(100_000):
        while Path(options.source).exists():
            time.sleep(0.02)
        yield picture(options, number)
        time.sleep(1 / 30)


def stuck(options: CaptureOptions) -> Iterator[Shot]:
    """A call made while the file `source` is there never returns, not even when it has gone."""
    for number in range(100_000):
        while Path(options.source).exists():
            time.sleep(3600)
        yield picture(options, number)
        time.sleep(1 / 30)


def stuck_and_deaf(options: CaptureOptions) -> Iterator[Shot]:
    """As `stuck`, and takes no notice of being asked to end."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    yield from stuck(options)


def slow_once_told(options: CaptureOptions) -> Iterator[Shot]:
    """Opens at once; when the file `source` is there it falls silent, and from then on takes long to open."""
    if Path(options.source).exists():
        time.sleep(6.0)
        yield from steady(options)
    yield from stuck(options)


def refusing(options: CaptureOptions) -> Iterator[Shot]:
    """Cannot be opened while the file `source` is there, and says so at once."""
    for number in range(100_000):
        if Path(options.source).exists():
            raise CameraLost("The camera is busy.", "Wait a while.")
        yield picture(options, number)
        time.sleep(1 / 30)
