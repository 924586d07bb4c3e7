"""Which of the /dev/video* nodes are cameras.

A Raspberry Pi has a dozen of them: codecs, the image processor's inputs and outputs, and the raw
sensor, which only libcamera can read. A camera is what says that it captures video and is none of those.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_QUERYCAP = 0x80685600  # VIDIOC_QUERYCAP of linux/videodev2.h: _IOR('V', 0, struct v4l2_capability)
_CAPABILITY = struct.Struct("=16s32s32sIII12x")
_CAPTURE = 0x00000001 | 0x00001000  # V4L2_CAP_VIDEO_CAPTURE, ..._MPLANE
_MEMORY_TO_MEMORY = 0x00008000 | 0x00004000  # V4L2_CAP_VIDEO_M2M, ..._MPLANE: codecs
_HAS_NODE_FLAGS = 0x80000000  # V4L2_CAP_DEVICE_CAPS
_PI_SENSORS = frozenset({"unicam", "rp1-cfe"})
_NO_CAMERAS = _PI_SENSORS | {"bcm2835-codec", "bcm2835-isp", "pispbe", "rpi-hevc-dec", "rpivid", "tegra-video"}


@dataclass(frozen=True, slots=True)
class Node:
    """One video device: its path, its driver, what it calls itself, and its capability flags."""

    path: Path
    driver: str
    card: str
    flags: int

    @property
    def is_camera(self) -> bool:
        """Whether V4L2 gives finished pictures here."""
        captures = bool(self.flags & _CAPTURE) and not self.flags & _MEMORY_TO_MEMORY
        return captures and self.driver not in _NO_CAMERAS

    @property
    def is_pi_sensor(self) -> bool:
        """Whether this is a Pi camera's raw sensor: it shows that one is connected."""
        return self.driver in _PI_SENSORS


Query = Callable[[Path], bytes]


def nodes(folder: Path = Path("/dev"), query: Query | None = None) -> tuple[Node, ...]:
    """The video devices in `folder` that answer, by number."""
    return tuple(_answering(folder, query or ask))


def _answering(folder: Path, query: Query) -> Iterator[Node]:
    for path in sorted(folder.glob("video*"), key=_number):
        if _number(path) < 0:
            continue
        try:
            answer = query(path)
        except OSError:  # no V4L2 device, or not ours to open
            continue
        yield _node(path, answer)


def _number(path: Path) -> int:
    match = re.fullmatch(r"video(\d+)", path.name)
    return int(match[1]) if match else -1


def ask(path: Path) -> bytes:
    """The driver's answer to VIDIOC_QUERYCAP; raises OSError where there is none."""
    device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return fcntl.ioctl(device, _QUERYCAP, bytes(_CAPABILITY.size))
    finally:
        os.close(device)


def _node(path: Path, answer: bytes) -> Node:
    driver, card, _, _, all_flags, node_flags = _CAPABILITY.unpack(answer)
    flags = node_flags if all_flags & _HAS_NODE_FLAGS else all_flags
    return Node(path, _text(driver), _text(card), flags)


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode(errors="replace")
