"""What the doctor looks at of the machine: its room, clock, power, warmth and watchdog."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.cli.looks import Finding

if TYPE_CHECKING:
    from smartlogd.settings import Settings

LITTLE_SPACE = 1024**3
NO_SPACE = 64 * 1024**2
FEW_FILES, NO_FILES = 10_000, 500
"""So many more files can be made: little, and none to speak of."""
LATEST_C = 85.0
"""From here on a Pi slows itself down, whatever the settings call hot."""
COOL = "Cool it: a heat sink, a fan, some air."
ROOT = Path("/")


def disk(settings: Settings) -> Finding:
    """Whether there is room for the log: bytes, and files."""
    folder = settings.folders().state
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(standing).free
    inodes = os.statvfs(standing)
    files = inodes.f_favail if inodes.f_files else None  # some file systems make as many as are wanted
    says = f"{free / 1024**3:.1f} GiB free at {standing}"
    if free < NO_SPACE:
        return Finding("disk", "fail", says, "Make room: the log cannot be written on a full disk.")
    if files is not None and files < NO_FILES:
        return Finding("disk", "fail", f"{says}, room for {files} more files", "Delete small files that nobody needs.")
    if free < LITTLE_SPACE:
        return Finding("disk", "warn", says, "Make room before it runs full.")
    if files is not None and files < FEW_FILES:
        return Finding("disk", "warn", f"{says}, room for {files} more files", "Look for folders full of small files.")
    return Finding("disk", "ok", says)


def clock(_settings: Settings, root: Path = ROOT) -> Finding:
    """Whether the clock can be right, and who sets it."""
    from smartlogd.base.time import SystemClock, is_synchronised
    from smartlogd.store.floor import BUILT, NONSENSE

    now = SystemClock().now().utc
    has_battery = any((root / "sys/class/rtc").glob("rtc*"))
    kept = "a clock of its own keeps the time meanwhile" if has_battery else "no clock of its own keeps the time"
    if now < BUILT or now > NONSENSE:
        hint = "Connect it to a network with a time server, or set it: sudo timedatectl set-time ..."
        return Finding("clock", "warn", f"says {now:%Y-%m-%d}, which cannot be", hint)
    if is_synchronised():
        return Finding("clock", "ok", f"synchronised by a time server{'' if has_battery else f'; {kept}'}")
    hint = "Events are logged as untrusted in time until it is: check with timedatectl."
    return Finding("clock", "warn", f"not synchronised by a time server; {kept}", hint)


def power(_settings: Settings, root: Path = ROOT) -> Finding:
    """Whether the machine gets the power that it needs."""
    from smartlogd.telemetry.probes import Probes

    flags = Probes(root).read().throttled
    supply = "Use the power supply made for this board, with its own cable."
    if "under-voltage" in flags:
        return Finding("power", "fail", "under-voltage: the machine may stop, or spoil its card, at any time", supply)
    if flags:
        hint = supply if any(flag.startswith("under-voltage") for flag in flags) else COOL
        return Finding("power", "warn", ", ".join(flags), hint)
    return Finding("power", "ok", "nothing holds the machine back")


def temperature(settings: Settings, root: Path = ROOT) -> Finding:
    """Whether it is too warm."""
    from smartlogd.telemetry.probes import Probes

    celsius, hot_c = Probes(root).read().temperature_c, settings.telemetry.heat.hot_c
    if celsius is None:
        return Finding("temperature", "ok", "no sensor")
    if celsius < min(hot_c, LATEST_C):
        return Finding("temperature", "ok", f"{celsius:.0f} °C")
    return Finding("temperature", "warn", f"{celsius:.0f} °C", f"{COOL} Fewer frames are used until then.")


def watchdog(settings: Settings) -> Finding:
    """Whether the machine's watchdog could be used where the settings want it; opening it would start it."""
    path = settings.telemetry.heal.hardware_watchdog
    if path is None:
        return Finding("watchdog", "ok", "not used")
    if not path.exists():
        hint = "Does the kernel have a driver for it? On a Pi: dtparam=watchdog=on in config.txt."
        return Finding("watchdog", "warn", f"there is no {path}", hint)
    if not stat.S_ISCHR(path.stat().st_mode):
        return Finding("watchdog", "warn", f"{path} is no device", "Name the watchdog's device, as /dev/watchdog.")
    if not os.access(path, os.W_OK):
        hint = "Let the daemon's user write it, as systemd/hardware-watchdog.conf.example says."
        return Finding("watchdog", "warn", f"{path} is closed to this user", hint)
    return Finding("watchdog", "ok", str(path))
