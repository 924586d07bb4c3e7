"""Somebody who listens at NOTIFY_SOCKET as systemd does, and takes down what a daemon says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smartlogd.base.time import monotonic_s

WATCHDOG_S = 20


class Systemd:
    """All that was said, line by line, in its order. `on_ready` is called in the instant in which READY=1 comes."""

    def __init__(self, line: socket.socket, on_ready: Callable[[], object]) -> None:
        self.said: list[str] = []
        self.at_ready: list[object] = []
        self._line, self._on_ready, self._news = line, on_ready, threading.Condition()

    def listen(self) -> None:
        """Take down, until the socket is shut."""
        while message := self._line.recv(4096):
            lines = message.decode().splitlines()
            if "READY=1" in lines:
                self.at_ready.append(self._on_ready())
            with self._news:
                self.said += lines
                self._news.notify_all()

    def until(self, is_so: Callable[[list[str]], object], within_s: float = 60.0) -> None:
        """Wait until what was said is so."""
        end_s = monotonic_s() + within_s
        with self._news:
            while not is_so(self.said):
                if not self._news.wait(end_s - monotonic_s()):
                    pytest.fail(f"systemd never heard that; it heard {self.said}")

    def until_ready(self) -> None:
        """Wait for READY=1."""
        self.until(lambda said: "READY=1" in said)


@contextlib.contextmanager
def fake_systemd(
    folder: Path, environment: dict[str, str], on_ready: Callable[[], object] = lambda: None
) -> Iterator[Systemd]:
    """Listen in `folder`, and tell whoever is started with this environment so."""
    path = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(path))
        systemd = Systemd(line, on_ready)
        thread = threading.Thread(target=systemd.listen)
        thread.start()
        environment |= {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000)}
        try:
            yield systemd
        finally:
            for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
                del environment[name]
            line.shutdown(socket.SHUT_RDWR)
            thread.join()
            path.unlink()
