"""A copy of a clip in which strangers' faces are hidden: planned, made in this process, and put in its place."""

from __future__ import annotations

from pathlib import Path

from smartlogd import wiring
from smartlogd.cli.changed import made


def blurred_copy(config: Path | None, clip: str) -> str:
    """Make such a copy of this clip; the id of the copy, which is a recording of its own.

    Blocks for seconds. Missing where a model or the clip's file is not there, UnusableInput where it cannot be read,
    DiskTrouble where the copy cannot be written; nothing is left of the copy then.
    """
    from smartlogd.record.blur import blurred
    from smartlogd.settings import read_settings

    settings = read_settings(config)
    state, faces = settings.folders().state, wiring.strangers(settings)
    planned = made(config, "copy", recording=clip, suffix=".mp4")
    copy = str(planned["recording"])
    try:
        done = blurred(state / str(planned["from"]), state / str(planned["path"]), faces, settings.record)
        made(config, "copy-placed", recording=copy, bytes=done.bytes, sha256=done.sha256)
    except BaseException:  # also where someone grows impatient: a planned recording without its file is lost
        made(config, "copy-dropped", recording=copy)
        raise
    return copy
