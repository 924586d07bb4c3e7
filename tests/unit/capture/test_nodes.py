from __future__ import annotations

import struct
from pathlib import Path

import pytest

from smartlogd.capture.nodes import ask, nodes

CAPTURE, CAPTURE_MPLANE, M2M_MPLANE, OUTPUT, META = 0x1, 0x1000, 0x4000, 0x2, 0x00800000
STREAMING, DEVICE_CAPS = 0x04000000, 0x80000000


def answer(driver: str, node_flags: int, all_flags: int = 0) -> bytes:
    """What VIDIOC_QUERYCAP gives: struct v4l2_capability, 104 bytes."""
    packed = struct.pack(
        "=16s32s32sIII12x", driver.encode(), b"A card", b"bus", 0, all_flags | node_flags | DEVICE_CAPS, node_flags
    )
    assert len(packed) == 104
    return packed


A_PI = {
    "video0": answer("unicam", CAPTURE | STREAMING),
    "video1": answer("uvcvideo", CAPTURE | STREAMING, META),
    "video2": answer("uvcvideo", META | STREAMING, CAPTURE),
    "video10": answer("bcm2835-codec", M2M_MPLANE | STREAMING),
    "video13": answer("bcm2835-isp", OUTPUT | STREAMING),
    "video14": answer("bcm2835-isp", CAPTURE | STREAMING),
    "video19": answer("rpivid", M2M_MPLANE | CAPTURE_MPLANE | STREAMING),
    "video20": answer("pispbe", CAPTURE_MPLANE | STREAMING),
}


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    for name in [*A_PI, "video9", "videodev", "null"]:
        (tmp_path / name).touch()
    return tmp_path


def ask_pi(path: Path) -> bytes:
    if path.name not in A_PI:
        raise PermissionError(13, "Permission denied")
    return A_PI[path.name]


def test_of_a_pis_many_nodes_only_the_usb_camera_is_a_camera(dev: Path) -> None:
    assert [node.path.name for node in nodes(dev, ask_pi) if node.is_camera] == ["video1"]


def test_the_raw_sensor_shows_that_a_pi_camera_is_connected(dev: Path) -> None:
    assert [node.path.name for node in nodes(dev, ask_pi) if node.is_pi_sensor] == ["video0"]


def test_nodes_come_by_number_and_without_those_that_do_not_answer(dev: Path) -> None:
    found = [node.path.name for node in nodes(dev, ask_pi)]
    assert found == ["video0", "video1", "video2", "video10", "video13", "video14", "video19", "video20"]


def test_an_old_driver_that_knows_no_node_flags_is_judged_by_its_own(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    old = struct.pack("=16s32s32sIII12x", b"old", b"Webcam", b"", 0, CAPTURE | STREAMING, 0)
    (node,) = nodes(tmp_path, lambda _: old)
    assert node.is_camera
    assert (node.driver, node.card) == ("old", "Webcam")


def test_what_is_no_video_device_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    with pytest.raises(OSError, match="ioctl"):
        ask(tmp_path / "video0")
    assert nodes(tmp_path) == ()
