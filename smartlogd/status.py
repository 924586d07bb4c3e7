"""What a running daemon says of itself, as plain JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from smartlogd.base.ports import Camera
from smartlogd.pipeline import Tally

STALE_S = 3.0
"""Without a new frame for this long, nothing is said about frame rate and people in view."""


class Log(Protocol):
    """How the journal fares."""

    @property
    def word(self) -> str:
        """In a word: ok, disk full, read-only ..."""
        ...

    @property
    def detail(self) -> str:
        """In a sentence, empty when all is well."""
        ...

    @property
    def waiting(self) -> int:
        """Events that are not on the disk yet."""
        ...

    @property
    def written(self) -> int:
        """Events that are."""
        ...


def freshness(tally: Tally, now_s: float) -> tuple[float | None, bool]:
    """The age of the newest frame in seconds, None before the first; and whether that is young enough to count.

    >>> freshness(Tally(newest_s=10.0), 12.5), freshness(Tally(newest_s=10.0), 13.0), freshness(Tally(), 13.0)
    ((2.5, True), (3.0, False), (None, False))
    """
    age_s = None if tally.newest_s is None else now_s - tally.newest_s
    return age_s, age_s is not None and age_s < STALE_S


def flow(tally: Tally, began_s: float, now_s: float) -> Mapping[str, object]:
    """How the frames flow: rate, people in view, counts, delays. `began_s` is when the process began."""
    age_s, is_live = freshness(tally, now_s)
    return {
        "fps": round(tally.fps, 1) if is_live else 0.0,
        "people": tally.people if is_live else 0,
        "frames": tally.frames,
        "frames_scanned": tally.scans,
        "dropped": tally.dropped,
        "events": tally.events,
        "model_ms": round(tally.model_ms, 1),
        "first_frame_s": None if tally.first_s is None else round(tally.first_s - began_s, 3),
        "last_frame_age_s": None if age_s is None else round(age_s, 1),
    }


def passings(tally: Tally, lines: Iterable[str]) -> Mapping[str, Mapping[str, int]]:
    """How often each line was passed each way: those of the settings first, then those that were there before.

    >>> passings(Tally(), ["door"])
    {'door': {'I': 0, 'O': 0}}
    """
    names = dict.fromkeys([*lines, *tally.passings])
    counted: Mapping[str, Mapping[str, int]] = {name: tally.passings.get(name, {}) for name in names}
    return {name: {way: ways.get(way, 0) for way in ("I", "O")} for name, ways in counted.items()}


def lens(camera: Camera | None) -> Mapping[str, str]:
    """Which camera, and how it fares. Its name shows no password; the source in the settings might."""
    if camera is None:
        return {"name": "", "status": "opening"}
    return {"name": camera.name, "status": camera.status}


def journal(state: Log | None) -> Mapping[str, object]:
    """How the log fares."""
    if state is None:
        return {"word": "opening", "detail": "", "waiting": 0, "written": 0}
    return {"word": state.word, "detail": state.detail, "waiting": state.waiting, "written": state.written}


def recognition(templates: int | None, trouble: str, looks: int) -> Mapping[str, object]:
    """Whether faces are recognised, by how many remembered ones, how often one was looked at; else why not."""
    if templates is None:
        return {"word": "off", "detail": trouble, "templates": 0, "looks": 0}
    return {"word": "on", "detail": "", "templates": templates, "looks": looks}


def is_settled(camera: Camera | None) -> bool:
    """Whether the camera has said why it gives no frames: lost, paused, absent, at its end.

    One that runs is waited for until its first frame is through the models.
    """
    return camera is not None and camera.status not in ("opening", "running")
