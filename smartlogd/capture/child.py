"""The process in which a live camera runs.

Drivers hang, and a thread that hangs cannot be ended: a process can. This one opens the lens, stamps
each picture as it comes, writes it into shared memory and says so over a socket. It ends when its
parent ends, however that happens, and takes the programs it started with it.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import threading
from dataclasses import dataclass
from typing import cast

from smartlogd.base.errors import SmartlogError
from smartlogd.base.time import Clock
from smartlogd.capture.lens import Lens, fitted
from smartlogd.capture.options import CaptureOptions
from smartlogd.capture.slots import Slots
from smartlogd.capture.wire import Fault, Notice, packed

_PR_SET_PDEATHSIG = 1  # prctl(2)
_GRACE_S = 0.4


@dataclass(frozen=True, slots=True)
class Errand:
    """What the child is to do: open `lens` ("module:function") and number its pictures from `first_seq`."""

    lens: str
    options: CaptureOptions
    clock: Clock
    first_seq: int
    parent: int


def serve(errand: Errand, slots: Slots, wire: socket.socket) -> None:
    """The child's whole life: pictures until the lens or the parent ends."""
    die_with(errand.parent)
    os.setsid()  # Ctrl-C in the terminal is the parent's, and one signal reaches all that the lens starts
    threading.Thread(target=_leave_with_parent, args=(wire,), name="leave", daemon=True).start()
    try:
        _film(errand, slots, wire)
        _say(wire, Fault("The camera gives no more pictures.", "It is opened again."))
    except SmartlogError as error:
        _say(wire, Fault(error.what, error.hint))
    except ConnectionError:
        return  # the parent has closed the camera


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, even by kill -9."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _leave_with_parent(wire: socket.socket) -> None:
    """Wait for the parent to hang up, give the lens a moment to close, then leave even if it hangs."""
    try:
        while wire.recv(64):
            pass
    except OSError:
        pass
    threading.Event().wait(_GRACE_S)
    os._exit(0)


def _film(errand: Errand, slots: Slots, wire: socket.socket) -> None:
    module, function = errand.lens.split(":")
    lens = cast(Lens, getattr(importlib.import_module(module), function))
    for seq, shot in enumerate(lens(errand.options), errand.first_seq):
        stamp = errand.clock.now()
        pixels = fitted(shot.pixels, errand.options)
        slots.write(seq, pixels)
        height_px, width_px = pixels.shape[:2]
        packets = () if errand.options.rotate_deg else shot.packets  # they would show it unturned
        wire.sendall(packed(Notice(seq, stamp, height_px, width_px, packets, shot.pts_s)))


def _say(wire: socket.socket, fault: Fault) -> None:
    try:
        wire.sendall(packed(fault))
    except ConnectionError:
        return
