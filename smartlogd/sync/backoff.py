"""How long to wait before the centre is asked again: full jitter under a roof that doubles."""

from __future__ import annotations

_MOST_DOUBLINGS = 32
"""Beyond this many the roof is reached whatever was first; 2 to the power of more would be no number for long."""


def roof_s(failures: int, first_s: float, highest_s: float) -> float:
    """The longest pause after so many failures in a row.

    >>> [roof_s(n, 1.0, 300.0) for n in (0, 1, 2, 3, 12)]
    [0.0, 1.0, 2.0, 4.0, 300.0]
    """
    if failures <= 0:
        return 0.0
    return min(highest_s, first_s * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))


def pause_s(failures: int, first_s: float, highest_s: float, chance: float) -> float:
    """A pause anywhere between nothing and the roof: `chance` (0 to 1) says where.

    Five hundred devices that lost one centre at one instant come back spread over the whole span, not in step.

    >>> pause_s(3, 1.0, 300.0, 0.25)
    1.0
    """
    return chance * roof_s(failures, first_s, highest_s)


def slow_s(span_s: float, chance: float) -> float:
    """A pause of nine tenths of the span to the whole of it: for what only a person can mend.

    >>> slow_s(300.0, 0.5)
    285.0
    """
    return span_s * (0.9 + 0.1 * chance)
