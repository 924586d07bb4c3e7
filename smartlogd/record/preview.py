"""A still of a clip: what a list of clips shows of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from smartlogd.base.files import place
from smartlogd.base.pixels import png, scaled
from smartlogd.base.seen import Pixels

if TYPE_CHECKING:
    from av.container import InputContainer

_MOST_DECODED = 200
"""A key picture lies this many pictures back at most, or the still is a little early."""


def still(clip: Path, to: Path, moment_s: float, longest_px: int) -> Path | None:
    """Write the picture of the clip's second `moment_s` as a PNG, 0600, at most so large; on the disk when it returns.

    None where no picture of it can be decoded: a clip is no worse without one. OSError where it cannot be written.
    """
    try:
        with av.open(str(clip)) as container:
            pixels = _picture(container, moment_s)
    except (av.error.InvalidDataError, av.error.EOFError, av.error.PermissionError):
        return None
    if pixels is None:
        return None
    place(to, png(scaled(pixels, longest_px)))
    return to


def _picture(container: InputContainer, moment_s: float) -> Pixels | None:
    stream = container.streams.video[0]
    stream.thread_type = "NONE"
    container.seek(max(0, round(moment_s * av.time_base)))
    newest = None
    for number, frame in enumerate(container.decode(stream)):
        newest = frame
        if (frame.time or 0.0) >= moment_s or number >= _MOST_DECODED:
            break
    return None if newest is None else np.asarray(newest.to_ndarray(format="rgb24"), np.uint8)
