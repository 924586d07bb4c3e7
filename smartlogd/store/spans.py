"""Stretches of time, as pairs of instants (microseconds since 1970) of which the second belongs to it no more. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]


def union(spans: Iterable[Span], gap_us: int = 0) -> list[Span]:
    """When any of them lasted, in order and apart from each other; what lies at most `gap_us` apart is one.

    >>> union([(5, 7), (0, 2), (1, 4)])
    [(0, 4), (5, 7)]
    >>> union([(5, 7), (0, 2), (1, 4)], gap_us=1)
    [(0, 7)]
    """
    whole: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if whole and begin - whole[-1][1] <= gap_us:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((begin, end))
    return whole


def without(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """What of `spans` is in none of the `others`; both as `union` gives them.

    >>> without([(0, 10), (20, 30)], [(2, 4), (8, 22), (29, 40)])
    [(0, 2), (4, 8), (22, 29)]
    """
    left: list[Span] = []
    at = 0
    for begin, end in spans:
        while at < len(others) and others[at][1] <= begin:
            at += 1
        behind = at
        while behind < len(others) and others[behind][0] < end:
            if begin < others[behind][0]:
                left.append((begin, others[behind][0]))
            begin = others[behind][1]  # noqa: PLW2901 - the rest of the same span
            behind += 1
        if begin < end:
            left.append((begin, end))
    return left


def length_us(spans: Iterable[Span], begin: int, end: int) -> int:
    """How much of these (as `union` gives them) lies between two instants.

    >>> length_us([(0, 10), (20, 30)], 5, 22)
    7
    """
    return sum(max(0, min(until, end) - max(since, begin)) for since, until in spans)
