"""What systemd hears, on a real datagram socket, and that nothing happens where nobody listens."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartlogd.base.time import monotonic_s
from smartlogd.telemetry.systemd import MOST_STATUS, SEND_S, Notifier


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    """What PID 1 has: a datagram socket with a path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(1.0)
        yield listening


def heard(ear: socket.socket) -> str:
    return ear.recv(4096).decode()


def test_every_message_is_what_the_manual_says(ear: socket.socket) -> None:
    notifier = Notifier(ear.getsockname())
    assert notifier.is_heard
    assert notifier.ready("watching /dev/video0")
    assert heard(ear) == "READY=1\nSTATUS=watching /dev/video0"
    assert notifier.status("12 fps")
    assert heard(ear) == "STATUS=12 fps"
    assert notifier.alive()
    assert heard(ear) == "WATCHDOG=1"
    assert notifier.extend(90.5)
    assert heard(ear) == "EXTEND_TIMEOUT_USEC=90500000"
    assert notifier.stopping()
    assert heard(ear) == "STOPPING=1"


def test_a_reload_carries_the_time_at_which_it_began(ear: socket.socket) -> None:
    assert Notifier(ear.getsockname()).reloading("reading the settings again")
    first, began, status = heard(ear).split("\n")
    assert (first, status) == ("RELOADING=1", "STATUS=reading the settings again")
    assert abs(int(began.removeprefix("MONOTONIC_USEC=")) / 1e6 - monotonic_s()) < 5


def test_a_status_is_one_line_of_bounded_length_whatever_it_holds(ear: socket.socket) -> None:
    notifier = Notifier(ear.getsockname())
    assert notifier.status("door\nWATCHDOG=trigger\n" + "x" * 1000 + "\udc80")
    (line,) = heard(ear).split("\n")
    assert line.startswith("STATUS=door WATCHDOG=trigger xxx")
    assert len(line) == len("STATUS=") + MOST_STATUS
    assert notifier.status("broken \udc80")
    assert heard(ear) == "STATUS=broken ?"


def test_an_empty_status_is_not_sent(ear: socket.socket) -> None:
    assert not Notifier(ear.getsockname()).status("  \n")


def test_a_name_in_the_kernels_own_namespace_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("")  # the kernel picks an abstract name
        name = listening.getsockname()
        assert Notifier("@" + name[1:].decode()).alive()
        assert listening.recv(64) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "relative/path"])
def test_nothing_is_sent_where_nobody_listens(address: str | None) -> None:
    notifier = Notifier(address)
    assert not notifier.is_heard
    assert not any((notifier.ready("up"), notifier.alive(), notifier.status("x"), notifier.stopping()))


def test_a_listener_that_has_gone_is_no_error(tmp_path: Path) -> None:
    assert not Notifier(str(tmp_path / "gone")).ready()


def test_a_listener_that_takes_nothing_is_not_waited_for(ear: socket.socket) -> None:
    notifier = Notifier(ear.getsockname())
    while notifier.alive():
        pass  # until the kernel's queue is full
    began_s = monotonic_s()
    assert not notifier.alive()
    assert monotonic_s() - began_s < SEND_S + 1


def test_the_environment_says_who_listens_and_keeps_it_from_children() -> None:
    environ = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "77", "HOME": "/"}
    notifier = Notifier.from_environment(environ, pid=77)
    assert notifier.is_heard
    assert notifier.watchdog_s == 20.0
    assert environ == {"HOME": "/"}


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),  # meant for another process
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "٣"}, None),
    ],
)
def test_a_watchdog_is_ours_only_where_it_says_so(environ: dict[str, str], watchdog_s: float | None) -> None:
    assert Notifier.from_environment(environ, pid=os.getpid()).watchdog_s == watchdog_s
