"""Whether systemd may be told that the daemon is alive: only while it really gets on with its work.

A dead network, a broker or a centre that is away, a full disk and a camera that is lost are no reasons: a restart
mends none of them. Only a part that no longer answers is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Vital(NamedTuple):
    """One sign of life: silent for `limit_s`, it stops the pulse, for the reason `why`."""

    limit_s: float
    why: str


VITALS: Mapping[str, Vital] = {
    "loop": Vital(2.0, "the event loop answers late"),
    "frame": Vital(10.0, "the camera runs and no frame came through"),
    "writer": Vital(30.0, "the log's writer does not answer"),
    "healer": Vital(10.0, "who looks after the camera does not answer"),
}
"""In the order in which they are named."""
RUNNING = "running"
"""The one status of a camera in which frames are owed; opening, lost, paused, absent and ended owe none."""


def why_not(
    *,
    loop_lag_s: float,
    frame_age_s: float | None,
    camera_status: str,
    is_frame_due: bool,
    writer_age_s: float | None,
    healer_age_s: float | None,
) -> str:
    """Why the watchdog must not be told that all is well; empty when it may.

    Ages are seconds since the part last answered; None where it was never asked, which is no silence. The writer
    answers with a known error as well. A frame is not due, whatever the camera says, while it owes none yet: just
    opened, or a recording whose end is being waited for.

    >>> why_not(loop_lag_s=0.01, frame_age_s=0.1, camera_status="running", is_frame_due=True,
    ...         writer_age_s=3.0, healer_age_s=1.0)
    ''
    >>> why_not(loop_lag_s=0.01, frame_age_s=3600.0, camera_status="lost", is_frame_due=True,
    ...         writer_age_s=40.0, healer_age_s=1.0)
    "the log's writer does not answer (40.0 s)"
    """
    owes_frames = is_frame_due and camera_status == RUNNING
    ages_s: Mapping[str, float | None] = {
        "loop": loop_lag_s,
        "frame": frame_age_s if owes_frames else None,
        "writer": writer_age_s,
        "healer": healer_age_s,
    }
    for name, vital in VITALS.items():
        age_s = ages_s[name]
        if age_s is not None and age_s >= vital.limit_s:
            return f"{vital.why} ({age_s:.1f} s)"
    return ""
