"""Live shots: what is said to whoever stands before the camera, and which views are taken."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from smartlogd.base.errors import CameraLost, ServiceAway, UnusableInput
from smartlogd.base.seen import Frame, Pixels
from smartlogd.base.time import Stamp
from smartlogd.cli.shots import POSES, WANTED, Shooting, refuse_beside_daemon
from smartlogd.identify.enrol import NO_FACE, Taken
from smartlogd.identify.quality import Quality, Refusal
from smartlogd.store.people import person

DOUBT = 0.6
Seen = Taken | Refusal


def view(yaw: float = 0.0, *, size: float = 100, apart: float = 0.0) -> Taken:
    """A good look at a face turned so far, so large, and so far from the plain one."""
    vector = np.zeros(128, np.float32)
    vector[0] = apart
    return Taken(np.zeros((150, 150, 3), np.uint8), vector, Quality(size, 12, 0.5, yaw, 0, 0.9))


class Staged:
    """A camera whose picture number n is n: two each second, until it ends or, with `waits`, for ever."""

    name, dropped, status = "staged", 0, "running"

    def __init__(self, count: int, *, waits: bool = False) -> None:
        self._count, self._waits = count, waits
        self.closed = 0

    async def frames(self) -> AsyncIterator[Frame]:
        for seq in range(self._count):
            at = Stamp(seq * 500_000_000, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=True)
            yield Frame(seq, at, np.full((1, 1, 3), seq, np.uint8))
        if self._waits:
            await asyncio.Event().wait()

    async def pause(self) -> None:
        """Nobody pauses an enrolment."""

    async def resume(self) -> None:
        """Nobody paused it."""

    async def close(self) -> None:
        self.closed += 1


def shot(looks: Sequence[Seen], **options: float) -> tuple[tuple[Taken, ...], Staged]:
    """What is taken when the looks, from the second second on, are these; and the camera."""
    camera = Staged(len(looks) + 2)
    shooting = Shooting(lambda pixels: looks[int(pixels[0, 0, 0]) - 2], DOUBT, **options)
    return asyncio.run(shooting.shots(camera)), camera


def test_five_views_that_differ_are_enough() -> None:
    looks = [view(0), view(9), view(9), view(-9), view(-9)]
    looks += [view(size=130), view(size=130), view(0), view(apart=0.3), view(40), view(40), view(60), view(60)]
    taken, camera = shot(looks)
    assert [looks.index(each) for each in taken] == [0, 2, 4, 6, 8]
    assert camera.closed == 1


def test_views_that_are_alike_or_follow_at_once_are_not_taken_twice() -> None:
    taken, _ = shot([view(n % 3) for n in range(30)])
    assert len(taken) == 1
    taken, _ = shot([view(0), view(20), view(20)])
    assert len(taken) == 2  # half a second after the first is too soon, a second is not


def test_it_says_what_it_waits_for_each_thing_once(capsys: pytest.CaptureFixture[str]) -> None:
    small = Refusal("small", "The face is small.", "Take it from nearer.")
    shot([NO_FACE] * 6 + [small] * 6 + [view(0)] * 6)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "Come before the camera, so that your whole face is seen.",
        "Come nearer.",
        f"1 of {WANTED}.",
        POSES[1],
    ]


def test_another_person_is_not_taken_along(capsys: pytest.CaptureFixture[str]) -> None:
    taken, _ = shot([view(0), view(0), view(20, apart=0.9), view(20, apart=0.9), view(20, apart=0.4)])
    assert len(taken) == 2
    assert "This is someone else" in capsys.readouterr().err


def test_when_nobody_shows_a_good_face_the_last_advice_is_the_hint() -> None:
    with pytest.raises(UnusableInput) as refusal:
        shot([Refusal("dark", "The face is too dark.", "Light.")] * 4)
    assert "More light" in refusal.value.hint


def test_after_a_minute_it_is_content_with_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    camera = Staged(3, waits=True)
    shooting = Shooting(lambda _: view(0), DOUBT, patience_s=0.2)
    assert len(asyncio.run(shooting.shots(camera))) == 1
    assert "0.2 s are over." in capsys.readouterr().err
    assert camera.closed == 1


def test_a_camera_that_gives_nothing_is_lost() -> None:
    camera = Staged(0, waits=True)
    with pytest.raises(CameraLost, match="staged gives no picture"):
        asyncio.run(Shooting(lambda _: view(0), DOUBT, patience_s=0.1).shots(camera))
    assert camera.closed == 1


def test_a_running_daemon_has_the_camera(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    refuse_beside_daemon(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
        daemon.bind(str(path))
        daemon.listen()
        thread = threading.Thread(target=answer, args=(daemon,))
        thread.start()
        with pytest.raises(ServiceAway, match="it has the camera") as refusal:
            refuse_beside_daemon(path)
        thread.join()
    assert refusal.value.code == 69
    assert "smartlogd stop" in refusal.value.hint


def answer(daemon: socket.socket) -> None:
    client, _ = daemon.accept()
    with client:
        client.recv(1024)
        client.sendall(b'{"ok": true, "state": "running"}\n')


# Real pictures -------------------------------------------------------------------------------------------------------


@pytest.fixture
def film(tmp_path: Path, closer: Callable[[float, int], Pixels]) -> Path:
    """The astronaut comes nearer and steps back: 4 s at 5 frames a second."""
    path = tmp_path / "astronaut.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.bit_rate = 640, 480, 4_000_000
        for number in range(20):
            zoom = 0.5 + number / 10 if number < 10 else 1.5 - (number - 10) / 10
            frame = av.VideoFrame.from_ndarray(closer(zoom, number - 10), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_whoever_stands_before_the_camera_is_enrolled(
    smartlogd: Callable[..., object], device: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_CAPTURE__SOURCE", str(film))
    told = smartlogd("people", "enrol", "Eileen", "--camera", "--consent")
    assert told.code == 0, told.err
    assert told.out.startswith("taken    shot 1  (quality 0.")
    assert "1 of 5." in told.err
    found = person(device, "Eileen")
    assert 2 <= found.templates <= 5
    assert found.consent is not None


@pytest.mark.usefixtures("device")
def test_a_camera_that_is_not_there_is_missing(
    smartlogd: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_CAPTURE__SOURCE", str(tmp_path / "none.mp4"))
    told = smartlogd("people", "enrol", "Eileen", "--camera", "--consent")
    assert told.code == 66
    assert "none.mp4" in told.err
