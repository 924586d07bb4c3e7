"""picamera2 needs a Pi; here a stand-in answers the calls that are made, and no more."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from smartlogd.base.errors import CameraLost, Missing
from smartlogd.base.seen import Packet
from smartlogd.capture.options import CaptureOptions
from smartlogd.capture.picamera import film


class FakeOutput:
    pass


class FakeEncoder:
    def __init__(self, bitrate: int, repeat: bool, iperiod: int) -> None:
        self.bitrate, self.repeat, self.iperiod = bitrate, repeat, iperiod


class FakeCamera:
    made: list[FakeCamera] = []  # noqa: RUF012 - what was made, for the test to look at
    refusal: Exception | None = None

    def __init__(self) -> None:
        if FakeCamera.refusal:
            raise FakeCamera.refusal
        self.calls: list[str] = []
        self.number = 0
        FakeCamera.made.append(self)

    def create_video_configuration(self, main: dict, controls: dict) -> dict:
        return {"main": main, "controls": controls}

    def configure(self, configuration: dict) -> None:
        self.configuration = configuration

    def start_recording(self, encoder: FakeEncoder, output: FakeOutput) -> None:
        self.encoder, self.output = encoder, output

    def capture_array(self, stream: str) -> np.ndarray:
        assert stream == "main"
        self.output.outputframe(
            b"\0\0\0\1" + bytes([self.number]), self.number == 0, self.number * 100_000, None, False
        )
        self.number += 1
        return np.full((480, 640, 3), self.number, np.uint8)

    def stop_recording(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def picamera2(monkeypatch: pytest.MonkeyPatch) -> type[FakeCamera]:
    parts = {
        "picamera2": {"Picamera2": FakeCamera},
        "picamera2.encoders": {"H264Encoder": FakeEncoder},
        "picamera2.outputs": {"Output": FakeOutput},
    }
    for name, members in parts.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(FakeCamera, "made", [])
    monkeypatch.setattr(FakeCamera, "refusal", None)
    return FakeCamera


def test_pictures_come_with_the_packets_of_the_encoder(picamera2: type[FakeCamera]) -> None:
    shots = film(CaptureOptions())
    first, second = next(shots), next(shots)
    shots.close()
    assert first.pixels.shape == (480, 640, 3)
    assert first.packets == (Packet(0.0, True, "h264", b"\0\0\0\1\0"),)
    assert second.packets == (Packet(0.1, False, "h264", b"\0\0\0\1\1"),)


def test_the_camera_is_asked_for_size_rate_and_rgb(picamera2: type[FakeCamera]) -> None:
    shots = film(CaptureOptions(width_px=1280, height_px=720, fps=12.5))
    next(shots)
    shots.close()
    (camera,) = picamera2.made
    assert camera.configuration == {
        "main": {"size": (1280, 720), "format": "BGR888"},
        "controls": {"FrameRate": 12.5},
    }
    assert camera.encoder.repeat
    assert camera.encoder.iperiod == 25
    assert camera.calls == ["stop", "close"]


@pytest.mark.parametrize("refusal", [RuntimeError("Camera __init__ sequence did not complete."), IndexError("list")])
def test_a_camera_that_refuses_is_lost_and_not_a_crash(picamera2: type[FakeCamera], refusal: Exception) -> None:
    picamera2.refusal = refusal
    with pytest.raises(CameraLost, match="Pi camera cannot be opened"):
        next(film(CaptureOptions()))


def test_without_picamera2_the_hint_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(Missing) as raised:
        next(film(CaptureOptions()))
    assert "apt install python3-picamera2" in raised.value.hint
