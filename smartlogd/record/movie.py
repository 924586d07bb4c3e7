"""Pictures into a video file that plays everywhere: MP4 with H.264, else MPEG-4 Part 2.

The file is written under a hidden name in its own folder and gets its real name only when it is
whole and synced, so that a half-written video never stands where a finished one is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

import av
import cv2
import numpy as np

from smartlogd.base.errors import Exit, UnusableInput
from smartlogd.base.seen import Pixels
from smartlogd.record.options import RecordOptions
from smartlogd.record.place import settle, temporary_beside, trouble

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

ENCODERS = ("libx264", "libopenh264", "mpeg4")
"""FFmpeg's names, best first; the last one is part of every FFmpeg."""

_TICKS = 60_000
"""Timestamps a second: whole ticks for 24, 25, 30, 50, 60 and 30000/1001 fps; MPEG-4 allows at most 65,535."""
_LEAST_PX = 16
"""Encoders refuse or mangle pictures smaller than a macroblock."""


class Movie:
    """An MP4 being written: pictures with the second each is shown at.

    The first picture gives the video its size (made even by repeating an edge, as yuv420p wants);
    later ones of another size are fitted into it. `fps` is only a hint to the encoder: the pictures'
    own times count. Raises UnusableInput for a name that is no .mp4, DiskTrouble where the folder
    cannot be written. Use as a context manager: an exception inside leaves no file behind.
    """

    def __init__(
        self,
        path: Path,
        fps: float,
        options: RecordOptions | None = None,
        *,
        encoders: tuple[str, ...] = ENCODERS,
    ) -> None:
        self._path = checked_name(path)
        self._rate = Fraction(min(240.0, max(1.0, fps or 30.0))).limit_denominator(1001)
        self._crf = (options or RecordOptions()).movie_crf
        self.encoder = next(name for name in encoders if is_there(name))
        self._temporary = temporary_beside(self._path)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._last_tick = -1

    @property
    def is_h264(self) -> bool:
        """Whether every browser can play it; MPEG-4 Part 2 needs a player such as VLC."""
        return self.encoder != "mpeg4"

    def add(self, pixels: Pixels, t_s: float) -> None:
        """Show `pixels` from second `t_s` of the video on; times that do not grow are moved on by one tick."""
        tick = max(self._last_tick + 1, round(t_s * _TICKS))
        self._last_tick = tick
        with self._translated():
            stream = self._stream or self._opened(pixels)
            frame = av.VideoFrame.from_ndarray(fitted(pixels, stream.width, stream.height), format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, _TICKS)
            self._mux(stream.encode(frame))

    def close(self) -> None:
        """Finish the file and give it its name; nothing is left where no picture was added."""
        if self._container is None or self._stream is None:
            self.abandon()
            return
        with self._translated():
            self._mux(self._stream.encode(None))
            self._container.close()
            self._container = None
            settle(self._temporary, self._path)

    def abandon(self) -> None:
        """Give up: close what is open and remove the temporary file; a second call does nothing."""
        if self._container is not None:
            with suppress(av.FFmpegError, OSError):  # the file goes in the next line, whatever its trailer says
                self._container.close()
            self._container = None
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _opened(self, pixels: Pixels) -> VideoStream:
        """The stream, made when the first picture tells the size."""
        self._container = av.open(str(self._temporary), "w", format="mp4", options={"movflags": "faststart"})
        stream = cast("VideoStream", self._container.add_stream(self.encoder, rate=self._rate))
        height, width = pixels.shape[:2]
        stream.width, stream.height = even(width), even(height)
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, _TICKS)
        stream.codec_context.options = _settings(self.encoder, self._crf)
        self._stream = stream
        return stream

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            if self._container is not None:
                self._container.mux(packet)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """FFmpeg's and the disk's errors in our words; the temporary file goes."""
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            self.abandon()
            raise trouble(self._path, error) from error


def checked_name(path: Path) -> Path:
    """`path`, if a video can be written under that name.

    >>> checked_name(Path("walk.mp4")).name
    'walk.mp4'
    """
    if path.suffix.lower() != ".mp4":
        raise UnusableInput(f"{path.name} is no name for a video.", "Let it end in .mp4.", code=Exit.USAGE)
    if path.is_dir():
        raise UnusableInput(f"{path} is a folder.", "Name a file that ends in .mp4.", code=Exit.CANNOT_CREATE)
    return path


def is_there(name: str) -> bool:
    """Whether this FFmpeg has the encoder."""
    try:
        av.Codec(name, "w")
    except ValueError:  # av.codec.codec.UnknownCodecError is one
        return False
    return True


def _settings(encoder: str, crf: int) -> dict[str, str]:
    """The encoder's options: x264 knows a quality, the others a quantiser or nothing."""
    if encoder == "libx264":
        return {"crf": str(crf), "preset": "veryfast"}
    if encoder == "mpeg4":
        return {"qmin": "2", "qmax": "8"}
    return {}


def even(length: int) -> int:
    """The next even number, never below one macroblock.

    >>> even(481), even(480), even(3)
    (482, 480, 16)
    """
    return max(_LEAST_PX, length + length % 2)


def fitted(pixels: Pixels, width: int, height: int) -> Pixels:
    """The picture at the video's size: shrunk or enlarged as a whole, the rest filled by its last row and column."""
    down, across = pixels.shape[:2]
    if (across, down) == (width, height):
        return np.ascontiguousarray(pixels)
    if max(width - across, height - down) > 1 or across > width or down > height:
        scale = min(width / across, height / down)
        size = (min(width, max(1, round(across * scale))), min(height, max(1, round(down * scale))))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        down, across = pixels.shape[:2]
    return np.asarray(cv2.copyMakeBorder(pixels, 0, height - down, 0, width - across, cv2.BORDER_REPLICATE), np.uint8)
