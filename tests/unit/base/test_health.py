from __future__ import annotations

import datetime as dt

from smartlogd.base.health import Backlog, Body, Heartbeat, LineToday
from smartlogd.base.time import Stamp


def test_a_heartbeat_counts_the_passings_of_all_its_lines() -> None:
    beat = Heartbeat(
        device="hall",
        version="0.5.0",
        boot_id="b8f2",
        at=Stamp(0, dt.datetime(2026, 11, 22, tzinfo=dt.UTC), trusted=True),
        uptime_s=1.0,
        state="running",
        camera="demo",
        camera_status="running",
        fps=9.8,
        inference_p50_ms=None,
        inference_p95_ms=None,
        frame_age_s=None,
        frames=0,
        dropped=0,
        events=0,
        people=0,
        lines=(LineToday("door", 12, 9), LineToday("gate", 1, 0, is_counting=False, is_gone=True)),
        last_crossing=None,
        waiting=Backlog(),
        journal="ok",
        body=Body(),
    )
    assert (beat.entered, beat.left) == (13, 9)
