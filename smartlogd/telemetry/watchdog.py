"""The machine's own watchdog: a timer that restarts the machine unless someone says in time that all is well.

Linux: Documentation/watchdog/watchdog-api. It starts when its device is opened. Only a "V" written just before the
device is closed stops it again; a process that dies without a word leaves it running.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import struct
import threading
from pathlib import Path

from smartlogd.base.errors import Exit, Fate, SmartlogError

PET_S = 5.0
"""A Pi's watchdog waits at most 15 s; this leaves two more tries."""
_GETTIMEOUT = 0x80045707  # WDIOC_GETTIMEOUT, linux/watchdog.h
_ALL_IS_WELL, _GOOD_BYE = b"\0", b"V"

log = logging.getLogger("smartlogd.telemetry")


class HardwareWatchdog:
    """Keeps the watchdog at `path` quiet from a thread of its own, until it is stopped, or let loose."""

    def __init__(self, path: Path, *, pet_s: float = PET_S) -> None:
        self._path, self._pet_s = path, pet_s
        self._device: int | None = None
        self._enough = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_armed(self) -> bool:
        """Whether the machine restarts unless it is told, again and again, that all is well."""
        return self._device is not None

    def start(self) -> None:
        """Open the device, which starts its timer, and begin to pet it; a second call does nothing.

        Raises a SmartlogError (fate DEGRADE) where the device is not there, or another program has it.
        """
        if self._thread is not None:
            return
        device = self._opened()
        pet_s = min(self._pet_s, _timeout_s(device) / 3)
        self._enough.clear()
        self._thread = threading.Thread(target=self._petted, args=(device, pet_s), name="watchdog", daemon=True)
        self._thread.start()
        log.info("hardware watchdog armed", extra={"device": str(self._path), "pet_s": round(pet_s, 2)})

    def stop(self) -> None:
        """Say good bye, so that the machine is not restarted; harmless where it was never started."""
        self._end_petting()
        if self._device is None:
            return
        device, self._device = self._device, None
        with contextlib.suppress(OSError):
            os.write(device, _GOOD_BYE)
        os.close(device)

    def let_bite(self) -> None:
        """Say nothing any more: the machine restarts when its timer is up. Opens the device where it is not open."""
        self._end_petting()
        self._opened()
        log.critical("the machine is left to its watchdog", extra={"device": str(self._path)})

    def _opened(self) -> int:
        """The device, which stays open: closing it stops some drivers' timers."""
        if self._device is not None:
            return self._device
        try:
            self._device = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            what = f"The hardware watchdog {self._path} cannot be used: {(error.strerror or str(error)).lower()}."
            hint = "Does the unit allow the device, and does systemd itself use it (RuntimeWatchdogSec=)?"
            raise SmartlogError(what, hint, fate=Fate.DEGRADE, code=Exit.PERMISSION) from error
        return self._device

    def _end_petting(self) -> None:
        self._enough.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _petted(self, device: int, pet_s: float) -> None:
        """The thread. A watchdog that cannot be petted will bite: that is said once, for there will be no later."""
        is_said = False
        while not self._enough.is_set():
            try:
                os.write(device, _ALL_IS_WELL)
            except OSError as error:
                if not is_said:
                    log.error("hardware watchdog not petted", extra={"why": (error.strerror or str(error)).lower()})
                is_said = True
            self._enough.wait(pet_s)


def _timeout_s(device: int) -> float:
    """After how long it bites; a driver that does not say is taken for a Pi's."""
    try:
        answer = fcntl.ioctl(device, _GETTIMEOUT, struct.pack("i", 0))
    except OSError:
        return 3 * PET_S
    (span_s,) = struct.unpack("i", answer)
    return float(max(1, span_s))
