"""What a frame shows."""

from __future__ import annotations

import datetime as dt

import numpy as np

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Detection, Frame, Keypoint, Kind
from smartlogd.base.time import Stamp


def test_a_frame_knows_its_shape_s_proportion() -> None:
    stamp = Stamp(0, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=True)
    assert Frame(0, stamp, np.zeros((240, 320, 3), np.uint8)).aspect == 320 / 240


def test_a_keypoint_is_found_by_its_name_or_not_at_all() -> None:
    nose = Keypoint("nose", Point(0.5, 0.2))
    face = Detection(Kind.FACE, Box(0.4, 0.1, 0.6, 0.3), 0.9, (nose,))
    assert face.keypoint("nose") is nose
    assert face.keypoint("left_ear") is None
