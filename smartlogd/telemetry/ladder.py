"""How far the daemon goes to see again, when no frames come: a ladder, climbed one rung at a time.

Each rung is dearer than the one below: the camera opens itself again all the while; then camera and models are set up
anew; then the process ends, for systemd to start it; then, only where that was allowed and three starts brought no
frame, the machine. A camera that is unplugged for a week must not end the daemon every ten minutes, so the wait for the
last rung doubles with each start that brought no frame.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Protocol


class Rung(enum.Enum):
    """What is being done about it; the value is the word in `state`, empty while all is well."""

    NONE = ""
    REOPENING = "reopening"
    REBUILD = "rebuild"
    EXIT = "exit"
    HARDWARE = "hardware"


MEANING: Mapping[Rung, str] = {
    Rung.NONE: "frames come, or none are owed",
    Rung.REOPENING: "the camera opens itself again, with a growing pause",
    Rung.REBUILD: "camera and models are set up anew",
    Rung.EXIT: "the daemon ends, for systemd to start it again",
    Rung.HARDWARE: "the machine's watchdog is left to restart the machine",
}
OWES_NOTHING = frozenset({"paused", "absent", "ended"})
"""Statuses of a camera from which nobody expects frames."""
STALE_S = 10.0
"""A camera that is opening is left alone for so long. One that runs, while nothing comes through, films well: what is
behind it hangs, and is set up anew after so long, before a watchdog that hears nothing ends the whole process."""
STARTS_BEFORE_HARDWARE = 3
LONGEST_WAIT_S = 86_400.0
_MOST_DOUBLINGS = 20


class Waits(Protocol):
    """How long each rung is waited for: HealOptions."""

    @property
    def rebuild_s(self) -> float:
        """Without a frame for so long: set up anew."""
        ...

    @property
    def exit_s(self) -> float:
        """Without a frame for so long: end, after a start that brought frames."""
        ...

    @property
    def hardware_watchdog(self) -> object | None:
        """The machine's watchdog, where it may be used."""
        ...


def climbed(rung: Rung, *, gap_s: float, camera_status: str, fruitless: int, options: Waits) -> Rung:
    """The rung to stand on now: at most one above `rung`, or as far down as the frames allow.

    `gap_s` is the time without a frame: since the last one, else since the start, or since the camera was last paused.
    `fruitless` counts the starts in a row, before this one, that brought no frame.

    >>> from smartlogd.telemetry.options import HealOptions
    >>> rung, seen = Rung.NONE, []
    >>> for gap_s in (1, 11, 59, 60, 599, 600, 0):
    ...     rung = climbed(rung, gap_s=gap_s, camera_status="opening", fruitless=0, options=HealOptions())
    ...     seen.append(rung.value)
    >>> seen
    ['', 'reopening', 'reopening', 'rebuild', 'rebuild', 'exit', '']
    """
    ladder = rungs(fruitless, options)
    due = ladder.index(_due(ladder, gap_s, camera_status, fruitless, options))
    stands = ladder.index(rung) if rung in ladder else due
    return ladder[min(due, stands + 1)]


def rungs(fruitless: int, options: Waits) -> tuple[Rung, ...]:
    """The ladder of this start: its last rung is the exit, or the machine once three exits helped nothing.

    >>> from smartlogd.telemetry.options import HealOptions
    >>> [rung.value for rung in rungs(3, HealOptions(hardware_watchdog="/dev/watchdog"))]
    ['', 'reopening', 'rebuild', 'hardware']
    """
    may_restart_machine = options.hardware_watchdog is not None and fruitless >= STARTS_BEFORE_HARDWARE
    return (Rung.NONE, Rung.REOPENING, Rung.REBUILD, Rung.HARDWARE if may_restart_machine else Rung.EXIT)


def last_wait_s(fruitless: int, options: Waits) -> float:
    """After how long without a frame the last rung is climbed: doubled by each fruitless start, up to a day.

    >>> from smartlogd.telemetry.options import HealOptions
    >>> [last_wait_s(fruitless, HealOptions()) for fruitless in (0, 1, 2, 9)]
    [600.0, 1200.0, 2400.0, 86400.0]
    """
    return min(LONGEST_WAIT_S, options.exit_s * 2.0 ** min(fruitless, _MOST_DOUBLINGS))


def _due(ladder: tuple[Rung, ...], gap_s: float, camera_status: str, fruitless: int, options: Waits) -> Rung:
    """Where one would stand, were it not for the rungs below."""
    if camera_status in OWES_NOTHING:
        return Rung.NONE
    reopening_s = {"lost": 0.0, "running": STALE_S / 2}.get(camera_status, STALE_S)
    rebuild_s = min(STALE_S, options.rebuild_s) if camera_status == "running" else options.rebuild_s
    waits_s = (min(reopening_s, rebuild_s), rebuild_s, max(rebuild_s, last_wait_s(fruitless, options)))
    reached = [rung for rung, wait_s in zip(ladder[1:], waits_s, strict=True) if gap_s >= wait_s]
    return reached[-1] if reached else Rung.NONE
