from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.base.errors import CameraLost, Missing
from smartlogd.capture.opencv import film
from smartlogd.capture.options import CaptureOptions


def test_a_device_that_is_not_there_is_missing() -> None:
    with pytest.raises(Missing, match="no camera at /dev/video77"):
        next(film(CaptureOptions(source="/dev/video77")))


def test_a_file_that_is_no_camera_is_a_lost_camera(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    with pytest.raises(CameraLost, match="cannot be opened") as raised:
        next(film(CaptureOptions(source=str(tmp_path / "video0"))))
    assert "group video" in raised.value.hint


def test_a_real_camera_gives_pictures_of_the_size_asked_for() -> None:
    from smartlogd.capture.nodes import nodes

    camera = next((node for node in nodes() if node.is_camera), None)
    if camera is None:
        pytest.skip("needs a V4L2 camera; plug one in, or load the kernel module vivid")
    shots = film(CaptureOptions(source=str(camera.path)))
    shot = next(shots)
    shots.close()
    assert shot.pixels.shape == (480, 640, 3)
