"""The Raspberry Pi's own camera, by picamera2.

This file has not been run on a Pi by the test suite, which checks it against a stand-in for the few
calls it makes; it is therefore as thin as it can be. picamera2 comes with Raspberry Pi OS (apt), not
from the package index, and is imported only when it is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from smartlogd.base.errors import CameraLost, Missing
from smartlogd.base.seen import Packet
from smartlogd.capture.lens import Shot
from smartlogd.capture.options import CaptureOptions

_BITS_PER_PIXEL = 0.2
_KEY_EVERY_S = 2.0


def film(options: CaptureOptions) -> Iterator[Shot]:
    """Pictures of the main stream as RGB, and the H.264 that the camera's encoder makes of the same stream."""
    packets: deque[Packet] = deque()
    with recording(options, packets) as camera:
        while True:
            pixels = np.asarray(camera.capture_array("main"), np.uint8)
            yield Shot(pixels, tuple(packets.popleft() for _ in range(len(packets))))


@contextmanager
def recording(options: CaptureOptions, packets: deque[Packet]) -> Iterator[Any]:
    """An open camera whose encoder fills `packets`. Raises Missing or CameraLost."""
    try:
        from picamera2 import Picamera2
        from picamera2.encoders import H264Encoder
        from picamera2.outputs import Output
    except ImportError as absent:
        raise Missing(
            "The Pi camera needs the Python package picamera2.",
            "Run: sudo apt install python3-picamera2, and make the virtual environment with --system-site-packages.",
        ) from absent

    class Collector(Output):  # type: ignore[misc]  # picamera2 has no types
        def outputframe(  # the signature is picamera2's; newer editions hand over more than older ones
            self,
            frame: bytes,
            keyframe: bool = True,  # noqa: FBT001, FBT002 - picamera2 hands it over by position
            timestamp: int | None = None,
            *_: object,
        ) -> None:
            packets.append(Packet((timestamp or 0) / 1e6, bool(keyframe), "h264", bytes(frame)))

    try:
        camera = Picamera2()
        camera.configure(
            camera.create_video_configuration(
                # picamera2 names formats by their bytes in a little-endian word: BGR888 is R, G, B in memory
                main={"size": (options.width_px, options.height_px), "format": "BGR888"},
                controls={"FrameRate": options.fps},
            )
        )
        bits_per_s = round(options.width_px * options.height_px * options.fps * _BITS_PER_PIXEL)
        key_every = max(1, round(options.fps * _KEY_EVERY_S))
        camera.start_recording(H264Encoder(bitrate=bits_per_s, repeat=True, iperiod=key_every), Collector())
    except (RuntimeError, IndexError, OSError) as refused:
        raise CameraLost(
            "The Pi camera cannot be opened.", "Check its cable, and that no other program uses it."
        ) from refused
    try:
        yield camera
    finally:
        camera.stop_recording()
        camera.close()
