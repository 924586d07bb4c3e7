"""When something happened: the one file that asks the clock.

A `Stamp` is made once, at the lens, and travels with what was seen. Its monotonic half measures
spans, its UTC half names the instant, and `trusted` says whether the UTC half was disciplined by a
time server when the stamp was made (a Pi has no battery clock: before NTP its date is a guess).
"""

from __future__ import annotations

import ctypes
import datetime as dt
import time
from dataclasses import dataclass
from typing import Protocol

_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_TRUST_RECHECK_NS = 5_000_000_000
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


@dataclass(frozen=True, slots=True)
class Stamp:
    """One instant: `mono_ns` since boot (CLOCK_BOOTTIME), aware `utc`, and whether `utc` is `trusted`."""

    mono_ns: int
    utc: dt.datetime
    trusted: bool

    def since(self, earlier: Stamp) -> float:
        """Seconds from `earlier` to here, by the monotonic half.

        >>> at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        >>> Stamp(2_500_000_000, at, True).since(Stamp(1_000_000_000, at, True))
        1.5
        """
        return (self.mono_ns - earlier.mono_ns) / 1e9

    def shifted(self, span_s: float) -> Stamp:
        """The stamp `span_s` seconds later (earlier when negative).

        >>> Stamp(0, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), True).shifted(.25).mono_ns
        250000000
        """
        return Stamp(self.mono_ns + round(span_s * 1e9), self.utc + dt.timedelta(seconds=span_s), self.trusted)


class Clock(Protocol):
    """Where stamps come from: the machine's clock when live, a file's timestamps in replay."""

    def now(self) -> Stamp:
        """This instant."""
        ...


class SystemClock:
    """The machine's own clock, never earlier than `floor` (the newest stamp in the database, or the build date).

    A clock that stands before it runs on from the floor, as fast as the monotonic one, until it is right. One that a
    time server disciplines is never overruled.
    """

    def __init__(self, floor: dt.datetime | None = None) -> None:
        self._floor = floor
        self._floored_ns = time.clock_gettime_ns(_BOOTTIME)
        self._trusted = False
        self._asked_ns: int | None = None

    def now(self) -> Stamp:
        """This instant; asks the kernel about synchronisation at most every 5 s."""
        mono_ns = time.clock_gettime_ns(_BOOTTIME)
        if self._asked_ns is None or mono_ns - self._asked_ns > _TRUST_RECHECK_NS:
            self._trusted = is_synchronised()
            self._asked_ns = mono_ns
        utc = dt.datetime.now(dt.UTC)
        if self._trusted or self._floor is None:
            return Stamp(mono_ns, utc, self._trusted)
        floor = self._floor + dt.timedelta(microseconds=(mono_ns - self._floored_ns) // 1000)
        return Stamp(mono_ns, max(utc, floor), trusted=False)


def is_synchronised() -> bool:
    """Whether the kernel says that a time server disciplines the clock (adjtimex(2), read only)."""
    libc = ctypes.CDLL(None, use_errno=True)
    timex = ctypes.create_string_buffer(256)  # struct timex is 208 bytes on 64-bit Linux; modes = 0 reads
    return bool(0 <= libc.adjtimex(timex) < _TIME_ERROR)


def machine_boot() -> str | None:
    """Which start of the machine this is: two stamps with one boot id share a monotonic clock (random(4)).

    None where the kernel does not say.
    """
    try:
        with open(_BOOT_ID, encoding="ascii", errors="replace") as boot_id:  # noqa: PTH123 - base knows no pathlib
            return boot_id.read(36).strip() or None
    except OSError:
        return None


def monotonic_s() -> float:
    """Seconds on a clock that never steps: for deadlines and for timing, never for a log."""
    return time.monotonic()


def process_began_s() -> float:
    """When this process was started, on the clock of `monotonic_s`: before Python itself was loaded.

    From the kernel's own record (proc(5): starttime, hundredths of a second since boot).
    """
    with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:  # noqa: PTH123 - base knows no pathlib
        since_boot_s = int(stat.read().rpartition(")")[2].split()[19]) / 100
    age_s = time.clock_gettime(_BOOTTIME) - since_boot_s
    return time.monotonic() - age_s


def cpu_s() -> float:
    """Seconds of processor time this process has used, in all its threads."""
    return time.process_time()


def instant(text: str) -> dt.datetime:
    """An aware UTC instant from ISO 8601; without an offset the text is taken as local time.

    >>> instant("2026-01-01T12:00:00+02:00")
    datetime.datetime(2026, 1, 1, 10, 0, tzinfo=datetime.timezone.utc)
    """
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
