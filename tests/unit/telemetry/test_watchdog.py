"""A watchdog is petted, told good bye, or let loose: seen from the driver's side, a pipe."""

from __future__ import annotations

import fcntl
import logging
import os
import select
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartlogd.base.errors import Fate, SmartlogError
from smartlogd.base.time import monotonic_s
from smartlogd.telemetry.watchdog import HardwareWatchdog


class Driver:
    """What the kernel has behind the device: everything that was written, and whether it is still open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def heard(self, span_s: float = 0.0) -> bytes:
        """What was written within the span; returns early when the device is closed."""
        until_s, all_of_it = monotonic_s() + span_s, b""
        while (left_s := until_s - monotonic_s()) > 0:
            if select.select([self._end], [], [], left_s)[0]:
                more = os.read(self._end, 4096)
                if not more:
                    break
                all_of_it += more
        return all_of_it

    def is_closed(self) -> bool:
        """Whether nobody holds the device open any more."""
        try:
            return os.read(self._end, 4096) == b""
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._end)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    behind = Driver(tmp_path / "watchdog")
    yield behind
    behind.close()


def test_it_is_petted_until_it_is_told_good_bye(driver: Driver) -> None:
    watchdog = HardwareWatchdog(driver.path, pet_s=0.02)
    assert not watchdog.is_armed
    watchdog.start()
    watchdog.start()
    assert watchdog.is_armed
    assert driver.heard(0.3).count(b"\0") >= 3
    watchdog.stop()
    assert driver.heard(0.2).endswith(b"V")
    assert driver.is_closed()
    assert not watchdog.is_armed
    watchdog.stop()


def test_let_loose_it_hears_nothing_more_and_stays_open(driver: Driver) -> None:
    watchdog = HardwareWatchdog(driver.path, pet_s=0.02)
    watchdog.start()
    driver.heard(0.1)
    watchdog.let_bite()
    driver.heard(0.05)  # what was still in the pipe
    assert driver.heard(0.2) == b""
    assert not driver.is_closed()
    watchdog.stop()
    assert driver.heard(0.2) == b"V"


def test_one_that_was_never_petted_can_be_let_loose_too(driver: Driver) -> None:
    watchdog = HardwareWatchdog(driver.path)
    watchdog.let_bite()
    assert watchdog.is_armed
    assert driver.heard(0.1) == b""
    watchdog.stop()


def test_it_can_be_started_again_after_a_good_bye(driver: Driver) -> None:
    watchdog = HardwareWatchdog(driver.path, pet_s=0.02)
    watchdog.start()
    watchdog.stop()
    driver.heard(0.1)
    watchdog.start()
    assert b"\0" in driver.heard(0.2)
    watchdog.stop()


def test_a_hasty_one_is_petted_three_times_within_its_patience(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    # No machine of ours has a watchdog with a driver that says so: its answer stands in for it.
    monkeypatch.setattr(fcntl, "ioctl", lambda *_: struct.pack("i", 0))
    watchdog = HardwareWatchdog(driver.path, pet_s=60.0)
    watchdog.start()
    assert driver.heard(0.5).count(b"\0") >= 2
    watchdog.stop()


@pytest.mark.parametrize("begin", [HardwareWatchdog.start, HardwareWatchdog.let_bite])
def test_a_machine_without_one_goes_on_without(tmp_path: Path, begin: object) -> None:
    watchdog = HardwareWatchdog(tmp_path / "none")
    with pytest.raises(SmartlogError, match="no such file") as error:
        begin(watchdog)  # type: ignore[operator]
    assert error.value.fate is Fate.DEGRADE
    assert not watchdog.is_armed
    watchdog.stop()


def test_a_driver_that_goes_away_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    driver = Driver(tmp_path / "watchdog")
    watchdog = HardwareWatchdog(driver.path, pet_s=0.01)
    with caplog.at_level(logging.ERROR, "smartlogd.telemetry"):
        watchdog.start()
        driver.heard(0.05)
        driver.close()
        watchdog._enough.wait(0.2)
        watchdog.stop()
    assert [record.getMessage() for record in caplog.records] == ["hardware watchdog not petted"]
