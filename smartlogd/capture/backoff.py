"""How long to wait before a lost camera is opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def pauses(first_s: float, roof_s: float, chance: Callable[[], float]) -> Iterator[float]:
    """Pauses that double from `first_s` up to `roof_s`, for ever.

    `chance` (0..1) takes up to a quarter off each, so that many devices do not return in step.

    >>> from itertools import islice
    >>> list(islice(pauses(1.0, 6.0, lambda: 0.0), 5))
    [1.0, 2.0, 4.0, 6.0, 6.0]
    """
    pause_s = min(first_s, roof_s)
    while True:
        yield pause_s * (1.0 - 0.25 * chance())
        pause_s = min(roof_s, pause_s * 2)
