"""The real daemon on a disk that is full for a while: it goes on looking, and nothing that it saw is lost."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from device import Device, stopped

from smartlogd.base.time import monotonic_s

RECOVERS_S = 60.0


def test_a_disk_that_is_full_for_a_while_costs_nothing_that_was_seen(
    device: Device, small_disk: Callable[[str], Path], fill: Callable[[Path], Path], long_run: bool
) -> None:
    state = device.folder / "state"
    state.symlink_to(small_disk("size=24m,mode=0700"))  # a name short enough for a socket's
    device.environment |= {"SMARTLOG_STORE__RESERVE_MIB": "0", "SMARTLOG_STORE__KEEP_FREE_MIB": "0"}
    with device.running() as process:
        device.until(lambda told: told["journal"]["written"] > 0)
        hog = fill(state)
        full = device.until(lambda told: told["journal"]["word"] == "disk full")
        threading.Event().wait(60.0 if long_run else 6.0)
        later = device.state()
        assert later["frames"] > full["frames"] + (300 if long_run else 30), "capture did not go on"
        assert later["journal"]["waiting"] > 0, "nothing happened meanwhile, which proves nothing"
        hog.unlink()
        freed_s = monotonic_s()
        device.until(lambda told: told["journal"]["word"] == "ok" and told["journal"]["waiting"] == 0, RECOVERS_S)
        assert monotonic_s() - freed_s <= RECOVERS_S
        seen = device.state()["events"]
        code, _ = stopped(process, signal.SIGTERM)
        assert code == 0
        with contextlib.closing(sqlite3.connect(state / "smartlog.db")) as database:
            (kept,) = database.execute("SELECT count(*) FROM events WHERE type <> 'loss'").fetchone()
        assert kept >= seen > 0
