"""`smartlogd status`, asked of a daemon that answers from a real socket."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from smartlogd.base.errors import Exit, ServiceAway

Smartlogd = Callable[..., Any]
Desk = Any
COMMAND = (sys.executable, "-m", "smartlogd", "status", "--watch")


def test_status_says_how_the_daemon_fares(smartlogd: Smartlogd, desk: Desk) -> None:
    told = smartlogd("status")
    assert told.code == 0
    assert [" ".join(line.split()) for line in told.out.splitlines()] == [
        "smartlogd 9.9 on yard, running, pid 77",
        "up 1 h 2 min, first frame after 1.2 s",
        "camera demo, running, 9.8 fps",
        "frames 100, models looked at 40, 1 dropped",
        "models profile door, 21.0 ms a look",
        "in view 2",
        "faces 6 remembered, 9 looked at",
        "line door 3 in, 2 out since the start",
        "log ok, 5 written, 0 waiting",
        "centre ok, 12 waiting",
        "folder /state",
        "trouble pipeline: The camera stalled.",
    ]


def test_status_as_json_is_what_the_daemon_said(smartlogd: Smartlogd, desk: Desk) -> None:
    assert json.loads(smartlogd("status", "--json").out) == desk.state


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("words", [(), ("--json",), ("--watch",)])
def test_without_a_daemon_it_says_how_to_start_one(smartlogd: Smartlogd, words: tuple[str, ...]) -> None:
    told = smartlogd("status", *words)
    assert (told.code, told.out) == (Exit.SERVICE_AWAY, "")
    assert "No smartlogd is running" in told.err
    assert "smartlogd run" in told.err


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_watched_by_a_program_it_is_a_line_a_second_until_it_is_told_to_end(words: tuple[str, ...]) -> None:
    with subprocess.Popen((*COMMAND, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        lines = [watching.stdout.readline() for _ in range(2)]
        watching.send_signal(signal.SIGINT)
        rest, complaints = watching.communicate(timeout=10)
    assert (watching.returncode, complaints) == (0, "")
    assert all(("9.8 fps" in line or '"fps": 9.8' in line) for line in lines)
    assert "\x1b" not in "".join(lines) + rest


def test_watched_by_a_program_the_end_of_the_daemon_is_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        watching.stdout.readline()
        desk.refusal = ServiceAway("It stops.", "Start it.")
        _, complaints = watching.communicate(timeout=10)
    assert (watching.returncode, complaints) == (Exit.SERVICE_AWAY, "smartlogd: It stops.\n  Start it.\n")


def test_watched_on_a_terminal_it_is_redrawn_in_place_and_waits_for_a_daemon_that_starts_again(desk: Desk) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    watching = subprocess.Popen(COMMAND, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""

    def until(text: bytes) -> None:
        nonlocal seen
        while text not in seen:
            seen += os.read(ours, 65536)

    try:
        until(b"running, pid 77")
        desk.refusal = ServiceAway("It stops.", "Start it.")
        until(b"It stops.")
        desk.refusal, desk.state = None, {**desk.state, "pid": 78}
        until(b"pid 78")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=10) == 0
    finally:
        watching.kill()
        watching.wait()
        os.close(ours)
    assert b"\x1b[1A" in seen, "the cursor went back up"
    assert b"Traceback" not in seen


def test_a_user_whom_the_socket_is_closed_to_is_told_which_group_to_join(
    smartlogd: Smartlogd, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    class Closed(socket.socket):
        def connect(self, address: object) -> None:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "socket", Closed)  # the tests run as root, to whom nothing is closed
    told = smartlogd("status")
    assert told.code == Exit.PERMISSION
    assert "sudo usermod -aG smartlogd $USER" in told.err
