"""What systemd is told of the daemon: sd_notify(3), which is one datagram of text lines.

Everything here is told to whoever listens and does nothing where nobody does; a message that cannot be sent is lost,
and none of them is worth the daemon. Returned is whether it was sent.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import MutableMapping

from smartlogd.base.time import monotonic_s

MOST_STATUS = 200
"""A status line has at most so many letters."""
SEND_S = 0.25
"""PID 1 that is too busy to take a message is not waited for any longer: the next ping comes soon."""


class Notifier:
    """Tells systemd how the daemon fares; `address` is its socket's, None where nobody listens.

    `watchdog_s` is the time after which systemd kills a daemon it hears nothing from; None where it would not.
    """

    def __init__(self, address: str | None, watchdog_s: float | None = None) -> None:
        # A path, or @ and a name in the kernel's own namespace; a virtual machine's vsock: is not for us.
        self._address = address if address and address[0] in "/@" else None
        self.watchdog_s = watchdog_s

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str] = os.environ, pid: int | None = None) -> Notifier:
        """Who listens, as systemd says it; the variables are taken out, lest a child process speak for the daemon."""
        address = environ.pop("NOTIFY_SOCKET", None)
        owner = environ.pop("WATCHDOG_PID", None)
        span_us = environ.pop("WATCHDOG_USEC", "")
        is_ours = owner is None or owner == str(pid or os.getpid())
        watchdog_s = int(span_us) / 1e6 if span_us.isascii() and span_us.isdigit() and is_ours else 0.0
        return cls(address, watchdog_s or None)

    @property
    def is_heard(self) -> bool:
        """Whether anyone listens."""
        return self._address is not None

    def ready(self, status: str = "") -> bool:
        """The daemon is up; also the end of `reloading`."""
        return self._tell("READY=1", *_status(status))

    def status(self, text: str) -> bool:
        """The one live line of `systemctl status`."""
        return self._tell(*_status(text))

    def alive(self) -> bool:
        """The watchdog's ping."""
        return self._tell("WATCHDOG=1")

    def reloading(self, status: str = "") -> bool:
        """The settings are being read again; `ready` ends it."""
        return self._tell("RELOADING=1", f"MONOTONIC_USEC={round(monotonic_s() * 1e6)}", *_status(status))

    def stopping(self, status: str = "") -> bool:
        """The daemon begins to stop."""
        return self._tell("STOPPING=1", *_status(status))

    def extend(self, span_s: float) -> bool:
        """Starting or stopping takes this much longer from now on: a migration, a salvage."""
        return self._tell(f"EXTEND_TIMEOUT_USEC={round(span_s * 1e6)}")

    def _tell(self, *lines: str) -> bool:
        if self._address is None or not lines:
            return False
        address = f"\0{self._address[1:]}" if self._address[0] == "@" else self._address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line,
        ):
            line.settimeout(SEND_S)
            line.sendto("\n".join(lines).encode(errors="replace"), address)
            return True
        return False


def _status(text: str) -> tuple[str, ...]:
    """The status as one line, cut to its length: a line break would begin another message."""
    line = " ".join(text.split())[:MOST_STATUS]
    return (f"STATUS={line}",) if line else ()
