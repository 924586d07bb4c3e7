from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest

from smartlogd.base.errors import CameraLost, Missing, UnusableInput
from smartlogd.capture.command import argv, film
from smartlogd.capture.lens import Shot
from smartlogd.capture.options import CaptureOptions

WRITER = f'command:{sys.executable} -c "import sys; sys.stdout.buffer.write(bytes({{}}))"'


def shots(source: str, count: int, **more: object) -> list[Shot]:
    running = film(CaptureOptions(source=source, width_px=64, height_px=64, **more))
    taken = [next(running) for _ in range(count)]
    running.close()
    return taken


@pytest.mark.parametrize(
    ("layout", "gst"), [("rgb24", "RGB"), ("bgr24", "BGR"), ("i420", "I420"), ("nv12", "NV12"), ("gray8", "GRAY8")]
)
def test_gstreamer_test_pictures_have_their_colours(layout: str, gst: str) -> None:
    if shutil.which("gst-launch-1.0") is None:
        pytest.skip("needs gst-launch-1.0: apt install gstreamer1.0-tools gstreamer1.0-plugins-base")
    source = (
        f"command:gst-launch-1.0 -q videotestsrc ! video/x-raw,format={gst},"
        "width={width},height={height},framerate={fps}/1 ! fdsink fd=1"
    )
    for shot in shots(source, 3, command_format=layout, fps=10):
        assert shot.pixels.shape == (64, 64, 3)
        yellow, blue = shot.pixels[10, 13].astype(int), shot.pixels[10, 60].astype(int)
        if layout == "gray8":
            assert yellow[0] > 180 > 60 > blue[0]
        else:
            assert np.abs(yellow - (255, 255, 0)).max() < 12
            assert np.abs(blue - (0, 0, 255)).max() < 12


def test_a_program_that_ends_is_a_lost_camera() -> None:
    running = film(CaptureOptions(source=WRITER.format(64 * 64 * 3 * 2 + 5), width_px=64, height_px=64))
    assert next(running).pixels.shape == next(running).pixels.shape == (64, 64, 3)
    with pytest.raises(CameraLost, match="ended"):
        next(running)


def test_a_program_that_is_not_there_is_missing() -> None:
    with pytest.raises(Missing, match="no program no-such-program"):
        shots("command:no-such-program --fast", 1)


def test_what_may_not_be_run_is_a_lost_camera(tmp_path) -> None:
    (tmp_path / "letter").write_text("Dear camera,")
    with pytest.raises(CameraLost, match="cannot be started"):
        shots(f"command:{tmp_path / 'letter'}", 1)


def test_no_shell_reads_the_command(tmp_path) -> None:
    words = argv(CaptureOptions(source="command:cam --at $HOME ; rm -rf '{width} x' `id`", width_px=64))
    assert words == ["cam", "--at", "$HOME", ";", "rm", "-rf", "64 x", "`id`"]


@pytest.mark.parametrize("source", ["command:", "command:   ", "command:cam 'open"])
def test_what_is_no_command_is_refused(source: str) -> None:
    with pytest.raises(UnusableInput):
        argv(CaptureOptions(source=source))


def test_an_odd_size_is_refused_where_the_layout_has_none() -> None:
    with pytest.raises(UnusableInput, match="even"):
        next(film(CaptureOptions(source="command:cam", width_px=65, height_px=64, command_format="i420")))
