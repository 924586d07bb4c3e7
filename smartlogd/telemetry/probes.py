"""What the machine says of itself: temperature, throttling, free disk, memory, and what this process has written.

Everything is read from files of the kernel below `root`, so that a test can stand for a Pi or a Jetson. A sensor that
is not there, or does not answer, gives None.
"""

from __future__ import annotations

import math
import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from smartlogd.base.health import Body
from smartlogd.base.time import monotonic_s

FLAGS = ("under-voltage", "frequency-capped", "throttled", "soft-temperature-limit")
"""What a Pi's firmware reports, in the order of its bits: 0 to 3 for now, 16 to 19 for some time since it was
switched on (Raspberry Pi documentation, vcgencmd get_throttled)."""
SINCE_START = 16
FIRMWARE = (
    "sys/bus/platform/drivers/raspberrypi-firmware/*/get_throttled",
    "sys/devices/platform/soc/soc:firmware/get_throttled",
    "sys/devices/platform/soc*:firmware/get_throttled",
)
ZONES = ("cpu", "x86_pkg_temp", "soc", "tj", "core", "acpitz")
"""Words in the types of thermal zones, best first: the hottest zone of the first word that any has is taken."""
FALSE_ZONES = re.compile(r"pmic|int3400|wifi|batt", re.IGNORECASE)
"""Zones that show a fixed number, or something that is not the computer."""
CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
"""Names of hwmon chips in a processor, for machines without a thermal zone for it."""
COLDEST_C, HOTTEST_C = -40.0, 150.0
"""A reading outside is no temperature: sensors that are switched off say such things."""
DAY_S = 86_400.0
SAMPLE_S = 3600.0
SETTLED_S = 600.0
"""The writing of the first minutes, a migration perhaps, says nothing about a day."""
_LONGEST = 4096


class Probes:
    """Reads the machine; `state` is the folder whose file system is watched. A sensor may block: not for the loop."""

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        state: Path | None = None,
        clock_s: Callable[[], float] = monotonic_s,
    ) -> None:
        self._root, self._state, self._clock_s = root, state or root, clock_s
        self._written = Written()

    def read(self) -> Body:
        """How the machine fares just now; never raises."""
        free, total = self._disk()
        written = _number(self._root / "proc/self/io", "write_bytes:")
        resident_kib = _number(self._root / "proc/self/status", "VmRSS:")
        return Body(
            temperature_c=self._temperature_c(),
            throttled=self._throttled(),
            disk_free_bytes=free,
            disk_total_bytes=total,
            memory_bytes=None if resident_kib is None else resident_kib * 1024,
            written_bytes=written,
            written_bytes_day=None if written is None else self._written.a_day(written, self._clock_s()),
        )

    def _disk(self) -> tuple[int | None, int | None]:
        """Bytes that are free for us, and bytes at all."""
        try:
            found = os.statvfs(self._state)
        except OSError:
            return None, None
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize

    def _temperature_c(self) -> float | None:
        zones = {kind: celsius for kind, celsius in self._zones() if not FALSE_ZONES.search(kind)}
        for word in ZONES:
            fitting = [celsius for kind, celsius in zones.items() if word in kind.lower()]
            if fitting:
                return max(fitting)
        chips = list(self._chips())
        return max(chips or zones.values(), default=None)

    def _zones(self) -> Iterator[tuple[str, float]]:
        """Type and temperature of every thermal zone that answers; of two with one type, the hotter one later."""
        found = []
        for zone in _globbed(self._root, "sys/class/thermal/thermal_zone*"):
            celsius = _celsius(zone / "temp")
            if celsius is not None:
                found.append((_text(zone / "type") or zone.name, celsius))
        yield from sorted(found, key=lambda each: each[1])

    def _chips(self) -> Iterator[float]:
        for chip in _globbed(self._root, "sys/class/hwmon/hwmon*"):
            celsius = _celsius(chip / "temp1_input")
            if celsius is not None and _text(chip / "name") in CHIPS:
                yield celsius

    def _throttled(self) -> tuple[str, ...]:
        """What the firmware says; its under-voltage alarm counts where it says nothing of that."""
        said = next((_text(path) for each in FIRMWARE for path in _globbed(self._root, each)), None)
        flags = throttled(said or "0")
        if FLAGS[0] not in flags and self._is_starved():
            return (FLAGS[0], *(flag for flag in flags if flag != f"{FLAGS[0]}-before"))
        return flags

    def _is_starved(self) -> bool:
        """Whether the alarm of the Pi's voltage sensor is on."""
        chips = _globbed(self._root, "sys/class/hwmon/hwmon*")
        return any(_text(chip / "name") == "rpi_volt" and _text(chip / "in0_lcrit_alarm") == "1" for chip in chips)


class Written:
    """What is written in a day, by what was written in the last one, or since the start where that is shorter."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=round(DAY_S / SAMPLE_S) + 1)

    def a_day(self, written: int, now_s: float) -> int | None:
        """Bytes a day, with `written` bytes since the process began; None in its first minutes.

        >>> written = Written()
        >>> [written.a_day(count, now_s) for count, now_s in ((1000, 0.0), (1001, 60.0), (2000, 3600.0))]
        [None, None, 24000]
        """
        if not self._samples or now_s - self._samples[-1][0] >= SAMPLE_S:
            self._samples.append((now_s, written))
        since_s, before = self._samples[0]
        if now_s - since_s < SETTLED_S:
            return None
        return round((written - before) / (now_s - since_s) * DAY_S)


def throttled(said: str) -> tuple[str, ...]:
    """The flags in the firmware's number, hexadecimal with or without 0x; what is no number has none.

    >>> throttled("50005")
    ('under-voltage', 'throttled')
    >>> throttled("0xd0008")
    ('under-voltage-before', 'throttled-before', 'soft-temperature-limit')
    """
    try:
        bits = int(said, 16)
    except ValueError:
        return ()
    return tuple(_flagged(bits))


def _flagged(bits: int) -> Iterator[str]:
    for place, flag in enumerate(FLAGS):
        if bits >> place & 1:
            yield flag
        elif bits >> place + SINCE_START & 1:
            yield f"{flag}-before"


def _globbed(root: Path, pattern: str) -> list[Path]:
    try:
        return sorted(root.glob(pattern))
    except OSError:
        return []


def _text(path: Path) -> str | None:
    """What a small file of the kernel says; None where it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST).strip()
    except OSError:
        return None


def _celsius(path: Path) -> float | None:
    """A temperature that the kernel gives in thousandths of a degree."""
    try:
        celsius = float(_text(path) or "nan") / 1000
    except ValueError:
        return None
    return celsius if math.isfinite(celsius) and COLDEST_C <= celsius <= HOTTEST_C else None


def _number(path: Path, key: str) -> int | None:
    """The number behind `key` in a file of lines such as `VmRSS:  1234 kB`."""
    lines: Mapping[str, list[str]] = {
        words[0]: words[1:] for line in (_text(path) or "").splitlines() if (words := line.split())
    }
    first = next(iter(lines.get(key, ())), "")
    return int(first) if first.isascii() and first.isdigit() else None
