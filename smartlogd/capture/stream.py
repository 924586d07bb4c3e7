"""Footage: every frame of a video or GIF, by its own timestamps."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from smartlogd.base.errors import UnusableInput
from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp
from smartlogd.capture.decode import Course, Picture, first_video, opened, pictures, translated
from smartlogd.capture.motion import MotionGate
from smartlogd.capture.recording import RecordingReader
from smartlogd.capture.refuse import refuse_unusable

__all__ = ["FileCamera", "footage_sha256", "recorded", "recorded_at", "refuse_unusable"]

log = logging.getLogger("smartlogd.capture")

_AHEAD = 4
"""Pictures decoded ahead: enough to bridge one slow model run, little enough to keep in memory."""


class FileCamera(RecordingReader[Frame]):
    """Every frame of a video or GIF, in order of presentation, as fast as they are taken.

    Decoding runs in a thread, a few pictures ahead, so that it overlaps the models. A frame's stamp
    is `start` plus its time in the video; `start` is, where not given, when the file says it was
    recorded, else when it was last written. Two runs over one file give the same frames. A `gate` looks
    at each frame in the decoding thread, so that this overlaps the models too.
    """

    def __init__(
        self, path: Path, *, start: dt.datetime | None = None, loop: bool = False, gate: MotionGate | None = None
    ) -> None:
        super().__init__(path, _AHEAD, "decode")
        self._gate = gate
        self._start = start
        self._loops = loop
        self._duration_s = 0.0

    @property
    def dropped(self) -> int:
        """Always 0: a file gives every frame."""
        return 0

    @property
    def duration_s(self) -> float:
        """Seconds of video given so far: from the first frame to the newest."""
        return self._duration_s

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """Every frame; raises Missing or UnusableInput for a file that cannot be read."""
        async with aclosing(self._taken(self._read)) as frames:
            async for frame in frames:
                self._duration_s = frame.stamp.mono_ns / 1e9
                yield frame

    def _read(self) -> Iterator[Frame]:
        seq, began_s, step_s = 0, 0.0, 0.0
        while True:
            last_s = 0.0
            for picture, start in recorded(self._path, self._start):
                step_s = picture.t_s - last_s if picture.t_s > last_s else step_s
                last_s = picture.t_s
                yield self._looked(_framed(picture, seq, began_s + picture.t_s, start))
                seq += 1
            if not self._loops:
                return
            began_s += last_s + (step_s or 1.0)

    def _looked(self, frame: Frame) -> Frame:
        return frame if self._gate is None else replace(frame, glance=self._gate.look(frame))


def _framed(picture: Picture, seq: int, t_s: float, start: dt.datetime) -> Frame:
    stamp = Stamp(round(t_s * 1e9), start + dt.timedelta(seconds=t_s), trusted=False)
    return Frame(seq, stamp, picture.pixels, picture.packets, pts_s=picture.pts_s)


def recorded(path: Path, start: dt.datetime | None = None) -> Iterator[tuple[Picture, dt.datetime]]:
    """Every picture of a file once, each with the instant at which the file's first one was taken.

    Blocks while it decodes. Raises UnusableInput where not one picture can be read; a file that
    breaks off later gives what it has and is reported in the log.
    """
    course = Course()
    with translated(path.name), opened(f"file:{path}", path.name, {}, None) as container:
        began = start or recorded_at(container.metadata.get("creation_time"), path)
        stream = first_video(container, path.name)
        for picture in pictures(container, stream, path.name, course):
            yield picture, began
    if course.pictures == 0:
        raise UnusableInput(f"{path.name} holds no picture that can be read.", "It may be broken; try to play it.")
    if course.is_short:
        log.warning(
            "footage ends early",
            extra={
                "file": path.name,
                "frames": course.pictures,
                "promised": course.promised,
                "damaged": course.damaged,
            },
        )


def recorded_at(written: str | None, path: Path) -> dt.datetime:
    """When the footage was taken: the file's own word, else when it was last changed."""
    with suppress(ValueError):
        if written is not None:
            at = dt.datetime.fromisoformat(written)
            return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)


def footage_sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal: by it the ids of a replay are derived."""
    refuse_unusable(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as barred:
        raise UnusableInput(f"{path} may not be read.", "Give this user the right to read it.") from barred
