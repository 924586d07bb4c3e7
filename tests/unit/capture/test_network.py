from __future__ import annotations

import io
import logging
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from smartlogd.base.errors import CameraLost
from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.capture.live import LiveCamera
from smartlogd.capture.network import film as film_network
from smartlogd.capture.options import CaptureOptions

HERE = Path(__file__).parent
NEEDS = "apt install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-ugly"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A real RTSP server and its address."""
    python = next((path for path in ("/usr/bin/python3",) if shutil.which(path)), None)
    if (
        python is None
        or subprocess.run(
            [python, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"], capture_output=True
        ).returncode
    ):
        pytest.skip(f"needs GStreamer's RTSP server: {NEEDS}")
    program = subprocess.Popen(
        [python, str(HERE / "rtsp_server.py")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with program, program.stdout as says:
        yield program, f"rtsp://127.0.0.1:{int(says.readline())}/door"
        program.kill()


@pytest.mark.services
def test_a_network_camera_gives_thinned_pictures_and_every_packet(server: tuple[subprocess.Popen[str], str]) -> None:
    shots = film_network(CaptureOptions(source=server[1], fps=5))
    taken = [next(shots) for _ in range(6)]
    shots.close()
    assert taken[0].pixels.shape == (240, 320, 3)
    packets = [packet for shot in taken for packet in shot.packets]
    assert len(packets) >= 15, "25 pictures a second come, 5 are used"
    first_key = next(number for number, packet in enumerate(packets) if packet.is_key)
    with av.open(io.BytesIO(b"".join(packet.data for packet in packets[first_key:])), format="h264") as clip:
        assert len(list(clip.decode(video=0))) >= len(packets) - first_key - 1


@pytest.mark.services
async def test_a_network_camera_runs_in_a_child_and_is_named_without_secrets(
    server: tuple[subprocess.Popen[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.capture")
    options = CaptureOptions(source=server[1], fps=10)
    camera = LiveCamera("door", "smartlogd.capture.network:film", options, SystemClock())
    count = 0
    async for frame in camera.frames():
        assert frame.pixels.shape == (240, 320, 3)
        count += 1
        if count == 5:
            break
    await camera.close()
    assert [record.message for record in caplog.records] == ["camera running"]


def test_an_address_where_nobody_answers_is_a_lost_camera() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        source = f"rtsp://door:secret@127.0.0.1:{closed.getsockname()[1]}/one"
        with pytest.raises(CameraLost, match="does not answer") as raised:
            next(film_network(CaptureOptions(source=source, open_s=2.0)))
    assert "secret" not in str(raised.value)


def test_a_server_that_accepts_and_then_says_nothing_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = monotonic_s()
        source = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/one"
        with pytest.raises(CameraLost):
            next(film_network(CaptureOptions(source=source, open_s=0.5, stall_s=0.5)))
        assert monotonic_s() - began < 5.0
