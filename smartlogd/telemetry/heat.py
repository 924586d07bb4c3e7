"""How many frames a hot device still uses: a table of steps, one at a time, never sooner than the dwell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

SHARES = (1.0, 1 / 2, 1 / 4, 1 / 8)
"""The shares of the frame rate that are used, from cool to hot."""
LIMITED_BY_HEAT = "soft-temperature-limit"
THROTTLED, STARVED = "throttled", "under-voltage"


class Degrees(Protocol):
    """From where on the device is hot, below where it is cool, and how long a step is kept: HeatOptions."""

    @property
    def hot_c(self) -> float:
        """From this temperature on, one step down."""
        ...

    @property
    def cool_c(self) -> float:
        """Below this one, one step up."""
        ...

    @property
    def dwell_s(self) -> float:
        """Least time between two steps."""
        ...


@dataclass(frozen=True, slots=True)
class Heat:
    """The step of the table that is kept, since when (on any steady clock; None before the first), and why."""

    step: int = 0
    since_s: float | None = None
    why: str = ""

    @property
    def share(self) -> float:
        """The share of the frame rate that is used.

        >>> [Heat(step).share for step in range(4)]
        [1.0, 0.5, 0.25, 0.125]
        """
        return SHARES[self.step]


def stepped(
    heat: Heat, temperature_c: float | None, throttled: Collection[str], now_s: float, options: Degrees
) -> Heat:
    """The next step, or the same `heat` where nothing changes; `throttled` are the flags of a Body.

    Between `cool_c` and `hot_c` the step is kept. A machine that slows itself down because of heat is hot, whatever
    its thermometer says; one without a thermometer is cool unless it does so.

    >>> from smartlogd.telemetry.options import HeatOptions
    >>> hot = stepped(Heat(), 81.5, (), 100.0, HeatOptions())
    >>> hot.share, hot.why
    (0.5, '81.5 °C')
    >>> stepped(hot, 85.0, (), 110.0, HeatOptions()) is hot
    True
    >>> stepped(hot, 60.0, (), 130.0, HeatOptions()).share
    1.0
    """
    if heat.since_s is not None and now_s - heat.since_s < options.dwell_s:
        return heat
    why = _hot(temperature_c, throttled, options)
    if why:
        return _moved(heat, heat.step + 1, now_s, why)
    if temperature_c is None or temperature_c < options.cool_c:
        return _moved(heat, heat.step - 1, now_s, "" if temperature_c is None else f"{temperature_c:.1f} °C")
    return heat


def _hot(temperature_c: float | None, throttled: Collection[str], options: Degrees) -> str:
    """Why the device counts as hot; empty when it does not.

    A Pi says "throttled" for a weak power supply as well, and using fewer frames does not mend that.
    """
    if temperature_c is not None and temperature_c >= options.hot_c:
        return f"{temperature_c:.1f} °C"
    if LIMITED_BY_HEAT in throttled:
        return LIMITED_BY_HEAT
    return THROTTLED if THROTTLED in throttled and STARVED not in throttled else ""


def _moved(heat: Heat, step: int, now_s: float, why: str) -> Heat:
    """The same where the table ends."""
    return Heat(step, now_s, why) if 0 <= step < len(SHARES) else heat
