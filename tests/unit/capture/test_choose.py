from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.time import SystemClock
from smartlogd.capture.choose import find_camera, open_camera
from smartlogd.capture.live import LiveCamera
from smartlogd.capture.nodes import Node
from smartlogd.capture.options import CaptureOptions
from smartlogd.capture.sought import SoughtCamera

USB = Node(Path("/dev/video1"), "uvcvideo", "Webcam", 0x1)
CODEC = Node(Path("/dev/video10"), "bcm2835-codec", "codec", 0x4000)
SENSOR = Node(Path("/dev/video0"), "unicam", "sensor", 0x1)


def found(*devices: Node, picamera2: bool = False) -> str:
    return find_camera(CaptureOptions(), devices=lambda: devices, has_picamera2=lambda: picamera2)


def test_the_pi_camera_comes_first() -> None:
    assert found(SENSOR, USB, picamera2=True) == "picamera"


def test_picamera2_without_a_sensor_is_no_camera() -> None:
    assert found(CODEC, USB, picamera2=True) == "/dev/video1"


def test_without_picamera2_a_usb_camera_will_do() -> None:
    assert found(SENSOR, USB) == "/dev/video1"


def test_a_pi_camera_without_picamera2_is_missing_and_the_hint_names_the_package() -> None:
    with pytest.raises(Missing, match="picamera2 is missing") as raised:
        found(SENSOR, CODEC)
    assert "apt install python3-picamera2" in raised.value.hint


def test_no_camera_at_all_is_missing_and_never_the_demo() -> None:
    with pytest.raises(Missing, match="No camera was found") as raised:
        found(CODEC, picamera2=True)
    assert "python3-picamera2" in raised.value.hint


def test_a_named_source_is_checked_and_shown_without_secrets(film) -> None:
    path = film()
    for source, told in (
        ("picamera", "picamera"),
        ("demo", "demo"),
        ("rtsp://door:secret@192.0.2.7/one", "rtsp://192.0.2.7/one"),
        ("command:rpicam-vid --key secret", "command:rpicam-vid"),
        (str(path), str(path)),
    ):
        assert find_camera(CaptureOptions(source=source)) == told


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("/dev/video77", Missing),
        ("no-such-file.mp4", Missing),
        (".", UnusableInput),
        ("command:", UnusableInput),
        ("command:'open", UnusableInput),
        ("rtsp://", UnusableInput),
    ],
)
def test_a_source_that_cannot_be_meant_is_refused(source: str, kind: type) -> None:
    with pytest.raises(kind) as raised:
        find_camera(CaptureOptions(source=source))
    assert raised.value.hint


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("picamera", "Pi camera"),
        ("/dev/video3", "/dev/video3"),
        ("rtsp://door:secret@192.0.2.7/one", "rtsp://192.0.2.7/one"),
        ("command:gst-launch-1.0 videotestsrc", "gst-launch-1.0"),
        ("walk.mp4", "walk.mp4"),
    ],
)
async def test_each_source_has_its_camera_and_opens_nothing_yet(source: str, name: str) -> None:
    def photos() -> tuple[Path, ...]:
        raise AssertionError("only the demo needs photographs")

    camera = open_camera(CaptureOptions(source=source), SystemClock(), photos)
    assert (camera.name, camera.status, camera.dropped) == (name, "opening", 0)
    await camera.close()
    assert camera.status == "ended"


def test_the_demo_is_given_its_photographs() -> None:
    camera = open_camera(CaptureOptions(source="demo"), SystemClock(), lambda: (Path("a.png"), Path("c.png")))
    assert camera.name == "demo"


@pytest.mark.parametrize("is_sought", [False, True])
def test_a_camera_in_the_place_of_another_is_lent_what_that_one_knows(is_sought: bool) -> None:
    def no_photos() -> tuple[Path, ...]:
        return ()

    options, clock = CaptureOptions(source="/dev/video0"), SystemClock()
    live = open_camera(options, clock, no_photos)
    assert isinstance(live, LiveCamera)
    live._longest_opening_s = 2.5
    before = SoughtCamera(lambda: live) if is_sought else live
    if isinstance(before, SoughtCamera):
        before._camera = live
    for source, known_s in (("/dev/video0", 2.5), ("/dev/video1", None)):
        after = open_camera(options.model_copy(update={"source": source}), clock, no_photos, like=before)
        assert isinstance(after, LiveCamera)
        assert after._longest_opening_s == known_s
