"""A made camera whose pictures can be told apart, with its packets or without, and a shelf that is only a memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import av
import numpy as np

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.known import Event, EventId, Filed, Recording, SubjectId
from smartlogd.base.seen import Frame, Packet, Pixels
from smartlogd.base.time import Stamp

DAY = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
BITS, HEIGHT, WIDTH = 12, 96, 192
_TICKS = 60_000


def at(t_s: float, *, set_s: float = 0.0) -> Stamp:
    """A stamp so many seconds after the beginning; `set_s` is by how much the clock on the wall was set."""
    return Stamp(round(t_s * 1e9), DAY + dt.timedelta(seconds=t_s + set_s), trusted=True)


def picture(number: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Pixels:
    """A picture that shows its number as black and white columns."""
    pixels = np.full((*size, 3), 90, np.uint8)
    step = size[1] // BITS
    for bit in range(BITS):
        pixels[: size[0] // 2, bit * step : (bit + 1) * step] = 230 if number >> bit & 1 else 20
    return pixels


def numbers(path: Path) -> list[int]:
    """The numbers of the pictures of a video, as they are shown."""
    with av.open(str(path)) as container:
        return [_number(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def _number(pixels: Pixels) -> int:
    step = pixels.shape[1] // BITS
    middles = [pixels[pixels.shape[0] // 4, bit * step + step // 2].mean() > 120 for bit in range(BITS)]
    return sum(1 << bit for bit, is_set in enumerate(middles) if is_set)


def raw(seconds: float, fps: float = 10, *, start_s: float = 100.0, first: int = 0, **more: object) -> list[Frame]:
    """Frames of a camera without packets."""
    size = more.pop("size", (HEIGHT, WIDTH))
    count = round(seconds * fps)
    return [
        Frame(n, at(start_s + n / fps, **more), picture(n, size))  # type: ignore[arg-type]
        for n in range(first, first + count)
    ]


def coded(
    frames: Sequence[Frame],
    *,
    key_every: int = 10,
    back_and_forth: bool = False,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    pts_from_s: float = 0.0,
    says_pts: bool = True,
) -> list[Frame]:
    """The same frames with packets, as a camera's own encoder gives them; the encoder looks ahead if told to."""
    context = av.CodecContext.create(codec, "w")
    context.height, context.width = frames[0].pixels.shape[:2]
    context.pix_fmt, context.time_base = pixel_format, Fraction(1, _TICKS)
    context.framerate, context.gop_size, context.max_b_frames = Fraction(10), key_every, 2 if back_and_forth else 0
    if codec == "libx264":
        context.options = {"preset": "ultrafast" if not back_and_forth else "fast", "x264-params": "scenecut=0"}
        if not back_and_forth:
            context.options |= {"tune": "zerolatency"}
    began = frames[0].stamp
    done: list[Frame] = []
    for frame in frames:
        shown_s = frame.stamp.since(began) + pts_from_s
        image = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24").reformat(format=pixel_format)
        image.pts, image.time_base = round(shown_s * _TICKS), Fraction(1, _TICKS)
        packets = tuple(_packet(packet, codec) for packet in context.encode(image))
        done.append(replace(frame, packets=packets, pts_s=shown_s if says_pts else None))
    rest = tuple(_packet(packet, codec) for packet in context.encode(None))
    return [*done[:-1], replace(done[-1], packets=(*done[-1].packets, *rest))]


def _packet(packet: av.Packet, codec: str) -> Packet:
    name = "h264" if codec == "libx264" else codec
    dts_s = None if packet.dts == packet.pts else packet.dts / _TICKS
    return Packet(packet.pts / _TICKS, packet.is_keyframe, name, bytes(packet), dts_s)


def event(type_: str, t_s: float, *, subject: SubjectId | None = None, **more: object) -> Event:
    """An event as the pipeline tells it."""
    return Event(EventId(uuid4()), "door", type_, at(t_s), subject, **more)  # type: ignore[arg-type]


@dataclass(slots=True)
class Row:
    """What the shelf knows of a recording."""

    recording: Recording
    filed: Filed | None = None
    is_lost: bool = False


class MemoryShelf:
    """Notes in memory, in the order in which they come; a disk that `is_full` takes no note of anything new."""

    def __init__(self, folder: Path) -> None:
        self.rows: dict[EventId, Row] = {}
        self.is_full = False
        self._folder = folder

    async def plan(self, recording: Recording) -> str:
        if self.is_full:
            raise DiskTrouble("The disk is full.", "Make room.")
        path = f"{recording.medium.value}s/{recording.id}{recording.suffix}"
        assert not (self._folder / path).exists(), "the row comes before the file"
        self.rows[recording.id] = Row(recording)
        return path

    async def filed(self, recording: EventId, filed: Filed) -> None:
        assert (self._folder / filed.path).stat().st_size == filed.bytes, "the file is whole when it is noted"
        self.rows[recording].filed = filed

    async def lost(self, recording: EventId) -> None:
        self.rows[recording].is_lost = True

    def clips(self) -> Iterator[tuple[Recording, Filed]]:
        """The recordings that are there."""
        return ((row.recording, row.filed) for row in self.rows.values() if row.filed is not None)
