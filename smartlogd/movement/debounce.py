"""The same subject is not logged twice in the same direction in a row, unless it came back in between."""

from __future__ import annotations

from collections.abc import Iterable

from smartlogd.base.known import Crossing


def is_repeat(crossing: Crossing, logged: Iterable[Crossing], debounce_s: float) -> bool:
    """Whether `crossing` only repeats one of the same subject in `logged` (oldest first).

    A repeat passes the same line the same way within `debounce_s`, and no passing of any line the other
    way was logged in between.
    """
    repeat = False
    for earlier in logged:
        if earlier.action is not crossing.action:
            repeat = False
        elif earlier.line == crossing.line:
            repeat = crossing.stamp.since(earlier.stamp) < debounce_s
    return repeat
