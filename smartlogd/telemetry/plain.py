"""Values as they may be sent: texts cut and on one line, numbers finite and no larger than a reader of JSON reads."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from smartlogd.base.known import Json

LONGEST_NAME = 64
LONGEST_SENTENCE = 200

_BIGGEST = 2**53 - 1
"""The largest whole number that every reader of JSON reads as written."""
_BROKEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What would end a line, or is no letter at all."""
_MOST_ITEMS = 32

T = TypeVar("T")


def cut(text: str, longest: int) -> str:
    """At most so many letters of it, on one line.

    >>> cut("a name" + chr(10) + "of two lines", 12)
    'a name of t…'
    """
    kept = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return _BROKEN.sub(" ", kept)


def word(text: str) -> str:
    """A name or another short text."""
    return cut(text, LONGEST_NAME)


def sentence(text: str) -> str:
    """A longer text."""
    return cut(text, LONGEST_SENTENCE)


def name(text: object) -> str | None:
    """A name; None where there is none."""
    return word(text) if isinstance(text, str) and text else None


def iso(instant: dt.datetime) -> str:
    """An aware instant in UTC, to the millisecond.

    >>> iso(dt.datetime(2026, 11, 22, 6, tzinfo=dt.UTC))
    '2026-11-22T06:00:00.000+00:00'
    """
    return instant.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def measure(value: object, digits: int) -> float | None:
    """A number that was measured, rounded; None where it is none, or is not finite.

    >>> measure(-3.14159, 2), measure(float("nan"), 2), measure(None, 2)
    (-3.14, None, None)
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not -_BIGGEST <= value <= _BIGGEST:
        return None
    return round(float(value), digits) if math.isfinite(value) else None


def amount(value: object, digits: int) -> float | None:
    """A measured number that cannot be below zero."""
    measured = measure(value, digits)
    return None if measured is None else max(0.0, measured)


def share(value: object) -> float | None:
    """A fraction of one."""
    measured = amount(value, 4)
    return None if measured is None else min(1.0, measured)


def count(value: int) -> int:
    """A whole number that cannot be below zero."""
    return min(_BIGGEST, max(0, value))


def counted(value: int | None) -> int | None:
    """A count, where something was counted."""
    return None if value is None else count(value)


def first(items: Iterable[T], most: int) -> list[T]:
    """At most so many of them."""
    return list(itertools.islice(items, most))


def plain(value: object, depth: int = 3) -> Json:
    """Any value as JSON of bounded size, `depth` levels deep: what is deeper, or more than 32 of a kind, is left out.

    >>> plain({"rows": (1, float("inf")), "at": dt.date(2026, 11, 22)})
    {'rows': [1, None], 'at': '2026-11-22'}
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return max(-_BIGGEST, min(_BIGGEST, value))
    if isinstance(value, float):
        return measure(value, 6)
    if isinstance(value, Mapping | list | tuple):
        return _gathered(value, depth - 1) if depth > 0 else None
    return sentence(str(value))


def _gathered(value: Mapping[object, object] | list[object] | tuple[object, ...], depth: int) -> Json:
    if isinstance(value, Mapping):
        return {word(str(key)): plain(one, depth) for key, one in first(value.items(), _MOST_ITEMS)}
    return [plain(one, depth) for one in value[:_MOST_ITEMS]]
