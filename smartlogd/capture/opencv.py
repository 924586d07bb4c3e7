"""USB and other V4L2 cameras, by OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from smartlogd.base.errors import CameraLost, Missing
from smartlogd.base.time import monotonic_s
from smartlogd.capture.lens import Pace, Shot
from smartlogd.capture.options import CaptureOptions

_BUFFERED = 2


def film(options: CaptureOptions) -> Iterator[Shot]:
    """Pictures of the V4L2 device `options.source`; those that are not due are not even decoded."""
    device, pace = opened(options), Pace(options.fps)
    try:
        while device.grab():
            if not pace.is_due(monotonic_s()):
                continue
            done, bgr = device.retrieve()
            if not done:
                break
            yield Shot(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8))
    finally:
        device.release()
    raise CameraLost(f"{options.source} gives no more pictures.", "Is it still plugged in?")


def opened(options: CaptureOptions) -> cv2.VideoCapture:
    """The device, set to the size and rate asked for. Raises Missing or CameraLost."""
    if not Path(options.source).exists():
        raise Missing(f"There is no camera at {options.source}.", "Plug it in, or name another device.")
    cv2.utils.logging.setLogLevel(
        cv2.utils.logging.LOG_LEVEL_SILENT
    )  # its warnings say what the sentences here say better
    settings = (
        (cv2.CAP_PROP_FRAME_WIDTH, options.width_px),
        (cv2.CAP_PROP_FRAME_HEIGHT, options.height_px),
        (cv2.CAP_PROP_FPS, round(options.fps)),
        (cv2.CAP_PROP_BUFFERSIZE, _BUFFERED),
    )
    device = cv2.VideoCapture(options.source, cv2.CAP_V4L2)
    if not device.isOpened():
        raise CameraLost(
            f"{options.source} cannot be opened as a camera.",
            "Is another program using it, and is this user in the group video?",
        )
    for setting, value in settings:
        device.set(setting, value)
    return device
