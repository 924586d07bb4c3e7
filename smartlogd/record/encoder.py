"""Frames of a camera that gives no packets of its own are encoded here, on a thread, the newest first.

The frame loop hands over a frame and goes on; a frame that is still waiting when the next one comes is passed over.
So a machine that cannot keep up has clips with fewer pictures, and counts as many people as without them.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av

from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp
from smartlogd.record.h264 import parameters
from smartlogd.record.intake import STEP_S, stepped_s
from smartlogd.record.movie import ENCODERS, even, fitted, is_there
from smartlogd.record.options import RecordOptions
from smartlogd.record.ring import Piece, Run

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

HARDWARE = ("h264_v4l2m2m",)
"""Encoders of the machine itself: that of a Raspberry Pi up to the 4. A Pi 5 has none."""
KEY_EVERY_S = 0.4
"""A clip begins at a key picture, at the nearest: so its start is off by no more than half of this and half a frame."""
_TICKS = 60_000
_EARLY = 0.25
"""A frame that comes this share of a step too soon is soon enough."""
_LONGEST_GAP_S = 10.0

log = logging.getLogger("smartlogd.record")


@dataclass(slots=True)
class _Work:
    """An encoder at work on one size of picture."""

    context: VideoCodecContext
    name: str
    size: tuple[int, int]
    began: Stamp
    run: Run
    sets: bytes = b""
    last: Stamp | None = None
    key: Stamp | None = None


class Encoder:
    """Encodes on a thread of its own what it is offered; what is done is `taken` by the frame loop."""

    def __init__(self, options: RecordOptions) -> None:
        self._options = options
        self._names = _candidates(options.encoder)
        self._done: deque[Piece] = deque()
        self._news = threading.Condition()
        self._waiting: Frame | None = None
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._stamps: dict[int, Stamp] = {}
        self._work: _Work | None = None
        self._next: Stamp | None = None
        self.name = ""
        """FFmpeg's name of the encoder that works, once one does."""
        self.skipped = 0
        """Frames that were due and that nobody had time for."""

    def offer(self, frame: Frame) -> None:
        """Encode this frame, if one is due; returns at once."""
        step_s = 1 / self._options.encode_fps
        waited_s = step_s if self._next is None else frame.stamp.since(self._next) + step_s
        if 0 <= waited_s < step_s * (1 - _EARLY):
            return
        is_on_time = self._next is not None and 0 <= waited_s < 2 * step_s
        self._next = (self._next if is_on_time and self._next else frame.stamp).shifted(step_s)
        with self._news:
            if self._is_closed:
                return
            self.skipped += self._waiting is not None
            self._waiting = frame
            if self._thread is None:
                self._thread = threading.Thread(target=self._encode, name="smartlogd-encode", daemon=True)
                self._thread.start()
            self._news.notify()

    def taken(self) -> Sequence[Piece]:
        """What was encoded since the last time."""
        return [self._done.popleft() for _ in range(len(self._done))]

    def close(self, within_s: float = 1.0) -> None:
        """End the thread; blocks until it has, or so long. A second call does nothing."""
        with self._news:
            self._is_closed, self._waiting = True, None
            self._news.notify()
        if self._thread is not None:
            self._thread.join(within_s)

    # On the thread ---------------------------------------------------------------------------------------

    def _encode(self) -> None:
        while (frame := self._awaited()) is not None:
            work = self._at_work(frame)
            if work is None:
                return
            try:
                self._done.extend(self._pieces(work, self._packets(work, frame)))
            except (av.FFmpegError, OSError) as error:
                log.warning("an encoder failed", extra={"encoder": work.name, "why": type(error).__name__})
                self._work, self._names = None, tuple(name for name in self._names if name != work.name)

    def _awaited(self) -> Frame | None:
        with self._news:
            self._news.wait_for(lambda: self._waiting is not None or self._is_closed)
            frame, self._waiting = self._waiting, None
        return frame

    def _at_work(self, frame: Frame) -> _Work | None:
        """An encoder for pictures of this size; None where not one of those that are allowed works here."""
        height, width = frame.pixels.shape[:2]
        share = min(1.0, self._options.encode_longest_px / max(width, height))
        size, work = (even(round(width * share)), even(round(height * share))), self._work
        if work is not None and work.size == size and not _is_torn(work, frame.stamp):
            return work
        for name in self._names:
            try:
                self._work = self._opened(name, size, frame.stamp)
            except (av.FFmpegError, OSError, ValueError):
                continue
            self.name = name
            return self._work
        log.error("no encoder works here", extra={"tried": ",".join(self._names) or "none"})
        return None

    def _opened(self, name: str, size: tuple[int, int], began: Stamp) -> _Work:
        self._stamps.clear()
        context = cast("VideoCodecContext", av.CodecContext.create(name, "w"))
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, _TICKS)
        context.framerate = Fraction(self._options.encode_fps).limit_denominator(1001)
        context.thread_count = 1
        context.max_b_frames = 0
        context.gop_size = 1000  # key pictures come when they are asked for
        context.options = _settings(name, self._options.encode_crf)
        if name != "libx264":
            context.bit_rate = round(size[0] * size[1] * min(self._options.encode_fps, 30) * 0.12)
        context.open()
        return _Work(context, name, size, began, Run("mpeg4" if name == "mpeg4" else "h264", is_ours=True))

    def _packets(self, work: _Work, frame: Frame) -> Sequence[Packet[VideoStream]]:
        height, width = frame.pixels.shape[:2]
        picture = av.VideoFrame.from_ndarray(fitted(frame.pixels, even(width), even(height)), format="rgb24")
        picture = picture.reformat(*work.size, format="yuv420p")
        tick = round(frame.stamp.since(work.began) * _TICKS)
        picture.pts, picture.time_base = tick, Fraction(1, _TICKS)
        is_key = work.key is None or frame.stamp.since(work.key) >= KEY_EVERY_S - 0.01
        picture.pict_type = av.video.frame.PictureType.I if is_key else av.video.frame.PictureType.NONE
        work.last = frame.stamp
        if is_key:
            work.key = frame.stamp
        self._stamps[tick] = frame.stamp
        return work.context.encode(picture)

    def _pieces(self, work: _Work, packets: Sequence[Packet[VideoStream]]) -> Sequence[Piece]:
        pieces: list[Piece] = []
        for packet in packets:
            stamp = self._stamps.pop(packet.pts or 0, None) or work.last or work.began
            data, pts_s = bytes(packet), (packet.pts or 0) / _TICKS
            if packet.is_keyframe and work.run.codec == "h264":
                work.sets = parameters(data) or parameters(bytes(work.context.extradata or b"")) or work.sets
                data = data if work.sets in data else work.sets + data
            pieces.append(Piece(work.run, stamp, pts_s, pts_s, packet.is_keyframe, data))
        return pieces


def _is_torn(work: _Work, now: Stamp) -> bool:
    """Whether the next frame cannot follow the last: the clock was set, or the camera gave none for long."""
    last = work.last
    return last is not None and (stepped_s(last, now) > STEP_S or not 0 < now.since(last) < _LONGEST_GAP_S)


def _candidates(asked: str) -> tuple[str, ...]:
    """Encoders to be tried, best first; FFmpeg may know one by name that does not open on this machine."""
    names = (*HARDWARE, *ENCODERS) if asked == "auto" else (asked,)
    return tuple(name for name in names if is_there(name))


def _settings(encoder: str, crf: int) -> dict[str, str]:
    """For speed and without delay: what is shown at once has no pictures that look ahead."""
    if encoder == "libx264":
        return {"crf": str(crf), "preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"}
    return {}
