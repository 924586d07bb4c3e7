"""Where in a stretch of sound something begins and ends, and how often it is heard, by loudness alone.

Levels are the root mean square of 20 ms each, in the order in which they were heard.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smartlogd.detect.sounds import Samples

_FAINT = 0.1
"""Of the loudest: what is fainter than -20 dB does not belong to it."""
_OVER_FLOOR = 2.0
"""Times the quietest tenth: what is not 6 dB louder than the room is the room."""
_RISE, _FALL = 2.0, 0.5
"""Heard again: twice as loud as the quietest moment since it had become half as loud as it was."""
_QUICK, _SLOW = 3, 12
"""Levels that are taken together where it comes in bangs (60 ms), and where it is drawn out (240 ms)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From the level `first` to before the level `end`."""

    first: int
    end: int


def bounds(levels: Samples) -> Stretch:
    """Where among the levels it is loud for the first and the last time; the whole where all is alike.

    >>> bounds(np.array([0, 0, .01, .5, 1, .4, .02, 0, .6, .01], np.float32))
    Stretch(first=3, end=9)
    """
    loud = np.flatnonzero(levels >= _threshold(levels))
    if levels.max(initial=0.0) <= 0 or not loud.size:
        return Stretch(0, len(levels))
    return Stretch(int(loud[0]), int(loud[-1]) + 1)


def loudest_at(levels: Samples, stretch: Stretch) -> int:
    """The loudest level of the stretch."""
    return stretch.first + int(np.argmax(levels[stretch.first : stretch.end]))


def times(levels: Samples, stretch: Stretch, *, is_quick: bool) -> int:
    """How often it is heard within the stretch: rises after falls of 6 dB; at least once.

    `is_quick` is for what comes in bangs, such as barks. Two barks that run into each other without becoming quieter
    are one to it, and a bark in a loud room may be two: the number is an estimate.

    >>> bark = [.1, 1, .8, .3, .05, 0, 0, 0, 0, 0]
    >>> times(np.array([*bark, *bark, *bark], np.float32), Stretch(0, 30), is_quick=True)
    3
    """
    part, least = _smooth(levels, _QUICK if is_quick else _SLOW)[stretch.first : stretch.end], _threshold(levels)
    count, crest, valley, is_up = 0, 0.0, 0.0, False
    for level in part.tolist():
        if is_up:
            crest = max(crest, level)
            is_up, valley = level > crest * _FALL, level
            continue
        valley = min(valley, level)
        if level >= max(least, valley * _RISE):
            count, crest, is_up = count + 1, level, True
    return max(1, count)


def _smooth(levels: Samples, width: int) -> Samples:
    return np.convolve(levels, np.full(width, 1 / width, np.float32), "same") if len(levels) >= width else levels


def _threshold(levels: Samples) -> float:
    """From where on a level belongs to what is heard."""
    loudest, floor = float(levels.max(initial=0.0)), float(np.quantile(levels, 0.1)) if levels.size else 0.0
    return min(max(loudest * _FAINT, floor * _OVER_FLOOR), loudest)
