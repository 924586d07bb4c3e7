"""Pieces of encoded video become a file that a browser plays: MP4, its index in front, nothing encoded again."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av

from smartlogd.base.errors import UnusableInput
from smartlogd.base.time import Stamp
from smartlogd.record.place import settle, temporary_beside, trouble
from smartlogd.record.preview import still
from smartlogd.record.ring import Piece

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

_TICKS = 90_000
_PARSED_AS = {"h264": "h264", "mpeg4": "m4v"}
"""FFmpeg's name of a bare stream of each codec."""
PREVIEW_PX = 320


@dataclass(frozen=True, slots=True)
class Finished:
    """A clip that is whole and on the disk; `preview` is where a still of it lies, None where none could be had."""

    bytes: int
    sha256: str
    start: Stamp
    duration_s: float
    preview: Path | None


class Clip:
    """An MP4 being written beside its place; pieces of one run, from a key picture on.

    What is shown before the first piece is left out. Each method may be called on another thread, one at a time; each
    blocks. Raises DiskTrouble where the folder cannot be written, UnusableInput where the first piece tells no size.
    After either nothing is left.
    """

    def __init__(self, path: Path, first: Piece) -> None:
        self.path, self._first = path, first
        self._busy = threading.Lock()
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._temporary: Path | None = None
        self._last_tick, self._step = -_TICKS * 3600, 0
        self._shown_s: list[float] = []

    @property
    def duration_s(self) -> float:
        """How long it lasts so far: the last picture is shown as long as the one before it was."""
        shown_s = sorted(self._shown_s)
        last_s = shown_s[-1] - shown_s[-2] if len(shown_s) > 1 else 0.0
        return shown_s[-1] - shown_s[0] + last_s if shown_s else 0.0

    def add(self, pieces: Sequence[Piece]) -> None:
        """Write these too."""
        with self._busy, self._translated():
            container, stream = self._opened()
            for piece in pieces:
                if piece.pts_s >= self._first.pts_s:
                    container.mux(self._packet(piece, stream))

    def finish(self, moment_s: float = 0.0) -> Finished:
        """Close it, and give it its name once all of it is on the disk; the still shows this moment of it."""
        with self._busy, self._translated():
            container, _ = self._opened()
            if not self._shown_s:
                raise UnusableInput("There is no picture in the clip.", "Look at the camera: smartlogd status")
            container.close()
            self._container = None
            assert self._temporary is not None
            size, digest = measured(self._temporary)
            preview = still(self._temporary, self.path.with_suffix(".png"), moment_s, PREVIEW_PX)
            settle(self._temporary, self.path)
            self._temporary = None
        return Finished(size, digest, self._first.stamp, self.duration_s, preview)

    def abandon(self) -> None:
        """Give it up: nothing of it is left, unless it is finished."""
        with self._busy:
            self._drop()

    def _drop(self) -> None:
        if self._container is not None:
            with suppress(av.FFmpegError, OSError):  # the file goes in the next line, whatever its index says
                self._container.close()
            self._container = None
        if self._temporary is None:
            return
        for left in (self._temporary, self.path.with_suffix(".png")):
            with suppress(OSError):  # what cannot be removed now goes at the next start
                left.unlink(missing_ok=True)
        self._temporary = None

    def _opened(self) -> tuple[OutputContainer, VideoStream]:
        if self._container is not None and self._stream is not None:
            return self._container, self._stream
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with av.open(io.BytesIO(self._first.data), format=_PARSED_AS[self._first.run.codec]) as bare:
            self._temporary = temporary_beside(self.path)
            container = av.open(str(self._temporary), "w", format="mp4", options={"movflags": "faststart"})
            self._container = container
            self._stream = stream = container.add_stream_from_template(bare.streams.video[0])
        stream.time_base = Fraction(1, _TICKS)
        if not stream.codec_context.width:
            raise UnusableInput("The video to be cut does not say how large it is.", "Look at the camera's settings.")
        return container, stream

    def _packet(self, piece: Piece, stream: VideoStream) -> av.Packet[Stream]:
        """The piece for the muxer: each is decoded after the one before, and none is shown before it is decoded."""
        packet = av.Packet(piece.data)
        shown = round((piece.pts_s - self._first.pts_s) * _TICKS)
        decoded = round((piece.dts_s - self._first.pts_s) * _TICKS)
        self._step = decoded - self._last_tick if 0 < decoded - self._last_tick < _TICKS else self._step
        self._last_tick = max(self._last_tick + 1, decoded)
        packet.stream, packet.time_base = stream, Fraction(1, _TICKS)
        packet.dts, packet.pts = self._last_tick, max(shown, self._last_tick)
        packet.is_keyframe, packet.duration = piece.is_key, self._step  # of the last one nothing else tells
        self._shown_s.append(piece.pts_s)
        return packet

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """FFmpeg's and the disk's errors in our words; whatever went wrong, the temporary file goes."""
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            self._drop()
            raise trouble(self.path, error) from error
        except BaseException:
            self._drop()
            raise


def measured(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256, hexadecimal, of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest
