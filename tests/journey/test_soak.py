"""Nothing grows, however many frames go through: neither memory, nor descriptors, nor threads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from device import Device

FRAMES, WHOLE_FRAMES = 2_000, 100_000
MOST_MB, WHOLE_MOST_MB = 12, 4
"""A short run compares its 400th frame with its 2,000th: what is loaded or cached late still counts as growth there."""
WITHIN_S, WHOLE_WITHIN_S = 120, 1800


def test_a_clip_that_goes_round_and_round_leaves_no_more_behind_than_at_first(
    device: Device, shared: Path, long_run: bool
) -> None:
    clip = shared / "videos" / "frigate_test_motion_video-1.mp4"
    frames, most_mb, within_s = (
        (WHOLE_FRAMES, WHOLE_MOST_MB, WHOLE_WITHIN_S) if long_run else (FRAMES, MOST_MB, WITHIN_S)
    )
    words = ("bench", "soak", clip, "--frames", frames, "--most-mb", most_mb, "--json", "--config", device.config)
    ended = subprocess.run(
        [sys.executable, "-m", "smartlogd", *(str(word) for word in words)],
        env=device.environment,
        capture_output=True,
        text=True,
        timeout=within_s,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout)
    assert told["frames"] >= frames
    assert told["is_flat"]
    assert told["grown_bytes"] <= most_mb * 1e6
