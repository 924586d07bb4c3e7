"""The sound of a recording: any sound file, or a video, by its own timestamps."""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from smartlogd.base.errors import UnusableInput
from smartlogd.base.seen import Sound
from smartlogd.base.time import Stamp
from smartlogd.capture.decode import opened, translated
from smartlogd.capture.recording import RecordingReader
from smartlogd.capture.refuse import refuse_unusable
from smartlogd.capture.resample import NOTHING, RATE_HZ, Resampler, Samples
from smartlogd.capture.stream import recorded_at

log = logging.getLogger("smartlogd.capture")

PIECE = 7_680
"""Samples of a piece: 0.48 s."""
_AHEAD = 8
_GAP_S = 0.1
"""Stamps this far from what the samples before came to are believed: something was lost, or left out."""
_LONGEST_GAP_S = 3600.0
_COVER = av.stream.Disposition.attached_pic


class Soundtrack(RecordingReader[Sound]):
    """The sound of a file, in order, as fast as it is taken; the first picture of a video is at 0 s.

    Decoding runs in a thread, a few pieces ahead. Two runs over one file give the same pieces.
    """

    def __init__(self, path: Path, *, start: dt.datetime | None = None) -> None:
        super().__init__(path, _AHEAD, "sound")
        self._start = start

    @property
    def lost(self) -> int:
        """Always 0: a file gives all its sound."""
        return 0

    async def sounds(self) -> AsyncGenerator[Sound, None]:
        """Every piece; raises Missing or UnusableInput for a file in which no sound can be read."""
        async with aclosing(self._taken(lambda: recorded_sound(self._path, self._start))) as pieces:
            async for piece in pieces:
                yield piece


def holds(path: Path) -> frozenset[str]:
    """What a file has to offer: "pictures", "sound", both or neither; a cover on a record is no picture.

    Raises Missing or UnusableInput for what cannot be read at all.
    """
    refuse_unusable(path)
    with opened(f"file:{path}", path.name, {}, None, "recording") as container:
        pictures = any(not stream.disposition & _COVER for stream in container.streams.video)
        there = {"pictures": pictures, "sound": bool(container.streams.audio)}
        return frozenset(word for word, is_there in there.items() if is_there)


def recorded_sound(path: Path, start: dt.datetime | None = None) -> Iterator[Sound]:
    """The sound of a file by the piece; blocks while it decodes.

    Raises UnusableInput where there is none; a file that breaks off later gives what it has and is reported in the log.
    """
    with translated(path.name, "recording"), opened(f"file:{path}", path.name, {}, None, "recording") as container:
        stream = _first_sound(container, path.name)
        cutter = _Cutter(start or recorded_at(container.metadata.get("creation_time"), path), _zero_s(container))
        try:
            for packet in container.demux(stream):
                for frame in _decoded(stream, packet, cutter):
                    yield from cutter.feed(frame)
        except (av.error.InvalidDataError, av.error.EOFError):
            cutter.damaged += 1
        yield from cutter.finish()
    if cutter.samples == 0:
        raise UnusableInput(f"{path.name} holds no sound that can be read.", "It may be broken; try to play it.")
    if cutter.damaged:
        log.warning("sound is damaged", extra={"file": path.name, "damaged": cutter.damaged})


def _first_sound(container: InputContainer, name: str) -> AudioStream:
    if not container.streams.audio:
        raise UnusableInput(f"{name} holds no sound.", "Name a sound file, or a video that is not silent.")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise UnusableInput(f"{name} has sound that cannot be decoded here.", "Convert it to WAV, FLAC or MP3.")
    return stream


def _zero_s(container: InputContainer) -> float | None:
    """When the first picture is shown, on the file's clock; None where there are none: the first sound is at 0 then."""
    for stream in container.streams.video:
        if not stream.disposition & _COVER:
            at = stream.start_time
            return 0.0 if at is None or stream.time_base is None else float(at * stream.time_base)
    return None


def _decoded(stream: AudioStream, packet: av.Packet[AudioStream], cutter: _Cutter) -> list[av.AudioFrame]:
    try:
        return list(stream.decode(packet))
    except av.error.EOFError:
        return []
    except av.error.FFmpegError:
        cutter.damaged += 1
        return []


class _Cutter:
    """Frames of any length -> pieces of 0.48 s with stamps. Where its clock leaps, a new piece begins."""

    def __init__(self, start: dt.datetime, zero_s: float | None) -> None:
        self.samples = 0
        self.damaged = 0
        self._start, self._zero_s = start, zero_s
        self._resampler = Resampler()
        self._waiting: Samples = NOTHING
        self._at_s = 0.0  # when the first waiting sample is heard
        self._due_s: float | None = None  # when the next frame should be heard
        self._seq = 0

    def feed(self, frame: av.AudioFrame) -> Iterator[Sound]:
        """The pieces that are whole now."""
        if not frame.samples or not frame.sample_rate:
            return
        due_s = self._due_s if self._due_s is not None else self._began_s(frame)
        leap_s = self._leap_s(frame, due_s)
        if leap_s > 0:
            yield from self.finish()
            self._at_s, self._seq = due_s + leap_s, self._seq + 1
        self._due_s = due_s + leap_s + frame.samples / frame.sample_rate
        self._waiting = np.concatenate((self._waiting, self._resampler.feed(frame)))
        yield from self._cut(PIECE)

    def finish(self) -> Iterator[Sound]:
        """What is left."""
        self._waiting = np.concatenate((self._waiting, self._resampler.flush()))
        yield from self._cut(1)

    def _began_s(self, frame: av.AudioFrame) -> float:
        """When the first frame is heard, by the clock whose zero is the first picture, or this frame."""
        if self._zero_s is not None and frame.time is not None:
            self._at_s = frame.time - self._zero_s
        else:
            self._zero_s = frame.time
        return self._at_s

    def _leap_s(self, frame: av.AudioFrame, due_s: float) -> float:
        """How much later than it should the frame is heard; 0 for a slip, and where the clock begins anew."""
        if frame.time is None or self._zero_s is None:
            return 0.0
        late_s = frame.time - self._zero_s - due_s
        if _GAP_S <= late_s < _LONGEST_GAP_S:
            return late_s
        if abs(late_s) >= _GAP_S:
            self._zero_s += late_s
        return 0.0

    def _cut(self, least: int) -> Iterator[Sound]:
        """Pieces, while there is enough; what was heard before the first picture is left out."""
        early = min(len(self._waiting), max(0, math.ceil(-self._at_s * RATE_HZ)))
        self._pass(early)
        while len(self._waiting) >= least:
            samples = self._waiting[:PIECE]
            samples.setflags(write=False)
            yield Sound(self._seq, self._stamp(), samples)
            self._pass(len(samples))
            self._seq, self.samples = self._seq + 1, self.samples + len(samples)

    def _pass(self, samples: int) -> None:
        self._waiting, self._at_s = self._waiting[samples:], self._at_s + samples / RATE_HZ

    def _stamp(self) -> Stamp:
        return Stamp(round(self._at_s * 1e9), self._start + dt.timedelta(seconds=self._at_s), trusted=False)
