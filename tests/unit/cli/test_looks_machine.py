"""What the doctor looks at of the machine, its files being those of a folder."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

import smartlogd.base.time
from smartlogd.base.time import Stamp
from smartlogd.cli import looks_machine as looks
from smartlogd.settings import Settings, read_settings

ENOUGH = 5 * 2**30


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(("free", "verdict"), [(10 * 2**20, "fail"), (500 * 2**20, "warn"), (5 * 2**30, "ok")])
def test_a_disk_that_runs_full_is_told_of_in_time(monkeypatch: pytest.MonkeyPatch, free: int, verdict: str) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 0, free))
    assert looks.disk(read_settings()).verdict == verdict


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(("files", "verdict"), [(10, "fail"), (5000, "warn"), (10**6, "ok")])
def test_a_disk_that_runs_out_of_files_is_told_of_in_time(
    monkeypatch: pytest.MonkeyPatch, files: int, verdict: str
) -> None:
    usage, inodes = namedtuple("usage", "total used free"), namedtuple("inodes", "f_files f_favail")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 0, ENOUGH))
    monkeypatch.setattr(os, "statvfs", lambda _: inodes(10**7, files))
    found = looks.disk(read_settings())
    assert (found.verdict, bool(found.hint)) == (verdict, verdict != "ok")
    monkeypatch.setattr(os, "statvfs", lambda _: inodes(0, 0))
    assert looks.disk(read_settings()).verdict == "ok", "a file system that makes as many as are wanted"


@pytest.mark.parametrize(
    ("year", "is_set", "has_battery", "verdict", "says"),
    [
        (1970, False, False, "warn", "says 1970-01-01, which cannot be"),
        (2090, True, True, "warn", "says 2090-01-01, which cannot be"),
        (2027, False, True, "warn", "not synchronised by a time server; a clock of its own keeps the time meanwhile"),
        (2027, False, False, "warn", "not synchronised by a time server; no clock of its own keeps the time"),
        (2027, True, True, "ok", "synchronised by a time server"),
        (2027, True, False, "ok", "synchronised by a time server; no clock of its own keeps the time"),
    ],
)
def test_a_clock_that_cannot_be_right_or_is_set_by_nobody_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, year: int, is_set: bool, has_battery: bool, verdict: str, says: str
) -> None:
    class Clock:
        def now(self) -> Stamp:
            return Stamp(0, dt.datetime(year, 1, 1, tzinfo=dt.UTC), trusted=is_set)

    monkeypatch.setattr(smartlogd.base.time, "SystemClock", Clock)
    monkeypatch.setattr(smartlogd.base.time, "is_synchronised", lambda: is_set)
    if has_battery:
        (tmp_path / "sys/class/rtc/rtc0").mkdir(parents=True)
    found = looks.clock(Settings(), tmp_path)
    assert (found.verdict, found.says, bool(found.hint)) == (verdict, says, verdict != "ok")


@pytest.mark.parametrize(
    ("said", "verdict", "says"),
    [
        (None, "ok", "nothing holds the machine back"),
        ("0", "ok", "nothing holds the machine back"),
        ("50005", "fail", "under-voltage: the machine may stop, or spoil its card, at any time"),
        ("10000", "warn", "under-voltage-before"),
        ("80008", "warn", "soft-temperature-limit"),
    ],
)
def test_a_pi_that_lacks_power_or_is_slowed_down_is_told(
    tmp_path: Path, said: str | None, verdict: str, says: str
) -> None:
    if said is not None:
        firmware = tmp_path / "sys/devices/platform/soc/soc:firmware"
        firmware.mkdir(parents=True)
        (firmware / "get_throttled").write_text(said)
    found = looks.power(Settings(), tmp_path)
    assert (found.verdict, found.says, bool(found.hint)) == (verdict, says, verdict != "ok")


@pytest.mark.parametrize(("celsius", "verdict"), [(None, "ok"), (48.0, "ok"), (80.0, "warn"), (90.0, "warn")])
def test_a_machine_that_is_hot_is_told(tmp_path: Path, celsius: float | None, verdict: str) -> None:
    if celsius is not None:
        zone = tmp_path / "sys/class/thermal/thermal_zone0"
        zone.mkdir(parents=True)
        (zone / "type").write_text("cpu-thermal")
        (zone / "temp").write_text(str(int(celsius * 1000)))
    assert looks.temperature(Settings(), tmp_path).verdict == verdict


def watched(path: object) -> Settings:
    return Settings.model_validate({"telemetry": {"heal": {"hardware_watchdog": path}}})


def test_a_watchdog_is_looked_at_and_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert looks.watchdog(Settings()).says == "not used"
    assert looks.watchdog(watched(tmp_path / "none")).verdict == "warn"
    (tmp_path / "file").touch()
    assert "no device" in looks.watchdog(watched(tmp_path / "file")).says
    assert looks.watchdog(watched("/dev/null")).verdict == "ok"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "closed to this user" in looks.watchdog(watched("/dev/null")).says
