"""Any program that writes raw frames to its standard output: gst-launch on a Jetson, rpicam-vid."""

from __future__ import annotations

import ctypes
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import cv2
import numpy as np

from smartlogd.base.errors import CameraLost, Missing, UnusableInput
from smartlogd.base.seen import Pixels
from smartlogd.capture.lens import Shot
from smartlogd.capture.options import CaptureOptions

PREFIX = "command:"
_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None)

_Raw = Callable[[Pixels, int, int], Pixels]
_LAYOUTS: dict[str, tuple[int, _Raw]] = {
    "rgb24": (6, lambda raw, high, wide: raw.reshape(high, wide, 3)),
    "bgr24": (6, lambda raw, high, wide: _turned(raw.reshape(high, wide, 3), cv2.COLOR_BGR2RGB)),
    "gray8": (2, lambda raw, high, wide: _turned(raw.reshape(high, wide), cv2.COLOR_GRAY2RGB)),
    "i420": (3, lambda raw, high, wide: _turned(raw.reshape(high * 3 // 2, wide), cv2.COLOR_YUV2RGB_I420)),
    "nv12": (3, lambda raw, high, wide: _turned(raw.reshape(high * 3 // 2, wide), cv2.COLOR_YUV2RGB_NV12)),
}
"""Of each layout: half bytes a pixel takes, and how its bytes become RGB."""


def film(options: CaptureOptions) -> Iterator[Shot]:
    """Pictures of the program's output, of exactly the size and layout that the options say.

    The command line is split as a shell would split it, but no shell runs it. {width}, {height} and
    {fps} in it stand for the options' own.
    """
    words = argv(options)
    half_bytes, shaped = _LAYOUTS[options.command_format]
    if options.command_format in ("i420", "nv12") and (options.width_px % 2 or options.height_px % 2):
        raise UnusableInput("A picture in this layout must be even in width and height.", "Change width_px, height_px.")
    size = options.width_px * options.height_px * half_bytes // 2
    with running(words) as output:
        while len(raw := output.read(size)) == size:
            yield Shot(shaped(np.frombuffer(raw, np.uint8), options.height_px, options.width_px))
    raise CameraLost(f"{words[0]} ended.", "Run the command by hand to see why.")


def argv(options: CaptureOptions) -> list[str]:
    """The command as a list of words. Raises UnusableInput where it is none."""
    line = options.source.removeprefix(PREFIX)
    try:
        words = shlex.split(line)
    except ValueError as unbalanced:
        raise UnusableInput("The camera command cannot be split into words.", "Check its quotes.") from unbalanced
    if not words:
        raise UnusableInput("The camera command is empty.", f'Write "{PREFIX}" and a command line.')
    values = {"{width}": str(options.width_px), "{height}": str(options.height_px), "{fps}": f"{options.fps:g}"}
    return [_filled(word, values) for word in words]


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


@contextmanager
def running(words: list[str]) -> Iterator[IO[bytes]]:
    """The program's output; the program ends when the context does, or when this process dies."""
    try:
        program = subprocess.Popen(  # noqa: S603 - the owner of this device wrote the command; no shell runs it
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=_alone,  # noqa: PLW1509 - the other thread only waits for the parent; it holds no lock
        )
    except FileNotFoundError as absent:
        raise Missing(f"There is no program {words[0]}.", "Install it, or correct the command.") from absent
    except OSError as refused:
        raise CameraLost(f"{words[0]} cannot be started.", "Run the command by hand to see why.") from refused
    try:
        yield _output(program)
    finally:
        program.kill()
        _output(program).close()
        program.wait()


def _output(program: subprocess.Popen[bytes]) -> IO[bytes]:
    if program.stdout is None:
        raise CameraLost("The program has no output.", "It is started again.")
    return program.stdout


def _alone() -> None:
    """In the program, before it starts: die with the camera's process, and take signals as usual."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _turned(raw: Pixels, how: int) -> Pixels:
    return np.asarray(cv2.cvtColor(raw, how), np.uint8)
