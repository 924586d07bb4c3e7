"""A copy of a clip in which faces cannot be told: made to be given away, encoded anew.

Faces are looked for a few times a second, and hidden from a little before they were found to a little after, for a face
that turns away for a moment is found by nobody and known by everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box
from smartlogd.base.pixels import mosaic
from smartlogd.base.seen import Pixels
from smartlogd.record.clip import PREVIEW_PX, measured
from smartlogd.record.movie import Movie
from smartlogd.record.options import RecordOptions
from smartlogd.record.preview import still

if TYPE_CHECKING:
    from av.container import InputContainer

LOOK_EVERY_S = 0.2
HOLD_S = 0.7
"""So long before and after it was found a face is hidden, where it was found."""
ROOM = 1.6
"""The hidden square in sizes of the face: hair and ears tell too, and faces move between two looks."""
_BLOCKS = 5
"""So many blocks across a face nobody is told by: the eyes lie in one."""

Faces = Callable[[Pixels], Sequence[Box]]
"""Where the faces are that are to be hidden, on one picture."""


@dataclass(frozen=True, slots=True)
class Blurred:
    """The copy, whole and on the disk: `hidden` is how often a face was found, over all looks."""

    bytes: int
    sha256: str
    hidden: int
    preview: Path | None


@dataclass(frozen=True, slots=True)
class _Seen:
    t_s: float
    box: Box


def blurred(clip: Path, copy: Path, faces: Faces, options: RecordOptions) -> Blurred:
    """Write `copy`, an MP4 as `clip` shows it but for the faces that `faces` finds; blocks for seconds.

    The copy is 0600 and has its name only when it is whole. UnusableInput where the clip cannot be read, DiskTrouble
    where the copy cannot be written; either leaves nothing.
    """
    seen = _found(clip, faces)
    with Movie(copy, 0.0, options) as movie:
        for t_s, pixels in _pictures(clip):
            movie.add(_hidden(pixels, [one.box for one in seen if abs(one.t_s - t_s) <= HOLD_S]), t_s)
    size, digest = measured(copy)
    return Blurred(size, digest, len(seen), still(copy, copy.with_suffix(".png"), 0.0, PREVIEW_PX))


def _found(clip: Path, faces: Faces) -> list[_Seen]:
    """Every face of every look."""
    seen: list[_Seen] = []
    next_s = 0.0
    for t_s, pixels in _pictures(clip):
        if t_s + 1e-6 < next_s:
            continue
        next_s = t_s + LOOK_EVERY_S
        seen += [_Seen(t_s, box) for box in faces(pixels)]
    return seen


def _hidden(pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
    """The picture with these places made plain; itself where there are none."""
    if not boxes:
        return pixels
    height, width = pixels.shape[:2]
    picture = pixels.copy()
    for box in boxes:
        part = box.grown(ROOM).clipped()
        rows = slice(int(part.y0 * height), max(int(part.y0 * height) + 1, round(part.y1 * height)))
        columns = slice(int(part.x0 * width), max(int(part.x0 * width) + 1, round(part.x1 * width)))
        if (cut := picture[rows, columns]).size:
            picture[rows, columns] = mosaic(cut, _BLOCKS)
    return picture


def _pictures(clip: Path) -> Iterator[tuple[float, Pixels]]:
    """Every picture of a clip of ours, with its second."""
    count = 0
    with _translated(clip), av.open(str(clip)) as container:
        for t_s, pixels in _decoded(container):
            count += 1
            yield t_s, pixels
    if not count:
        raise UnusableInput(f"{clip.name} shows nothing.", "It may be broken; try to play it.")


def _decoded(container: InputContainer) -> Iterator[tuple[float, Pixels]]:
    if not container.streams.video:
        return
    stream = container.streams.video[0]
    stream.thread_type = "NONE"
    for frame in container.decode(stream):
        yield frame.time or 0.0, np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


@contextmanager
def _translated(clip: Path) -> Iterator[None]:
    try:
        yield
    except (av.error.InvalidDataError, av.error.EOFError, av.error.FileNotFoundError, av.error.PermissionError) as bad:
        raise UnusableInput(f"{clip.name} cannot be read.", "It may be broken; try to play it.") from bad
