"""Bars made of letters, for a terminal: minutes in view, and how many of those were calm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

ROWS = 6
WIDE = 24
Pair: TypeAlias = tuple[float, float]
"""The whole, and the part of it."""


class Ink(NamedTuple):
    """What a bar is made of."""

    whole: str
    part: str


BLOCKS, PLAIN = Ink("░", "█"), Ink(":", "#")


def ink(encoding: str | None) -> Ink:
    """Blocks, where whatever is written to has letters for them.

    >>> ink("utf-8").part, ink("ascii").part, ink(None).part
    ('█', '#', '#')
    """
    try:
        "".join(BLOCKS).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return BLOCKS


def upright(pairs: Sequence[Pair], labels: Sequence[str], most: float, ink: Ink) -> str:
    """Bars side by side, three letters each; `labels` stand under them, of every third.

    >>> print(upright([(60, 30), (10, 0), (0, 0)], ["00", "01", "02"], 60, PLAIN))
    60 |::
       |::
       |::
       |##
       |##
     0 |## ::
        00
    """
    lines = []
    for row in range(ROWS, 0, -1):
        scale = f"{most:.0f}" if row == ROWS else "0" if row == 1 else ""
        cells = " ".join(2 * _cell(pair, row * most / ROWS, most / ROWS, ink) for pair in pairs)
        lines.append(f"{scale:>2} |{cells}".rstrip())
    under = "".join(f"{label:<9}" for label in labels[::3])
    return "\n".join((*lines, f"{'':4}{under}".rstrip()))


def _cell(pair: Pair, level: float, high: float, ink: Ink) -> str:
    """What stands at this level: there is something where a bar reaches its middle, or at the ground at all."""
    whole, part = pair
    at = level - high / 2 if level > high else 0.0
    if part > at:
        return ink.part
    return ink.whole if whole > at else " "


def lying(pair: Pair, most: float, ink: Ink) -> str:
    """One bar, from left to right.

    >>> lying((30, 15), 60, PLAIN), lying((0.1, 0), 60, PLAIN), lying((0, 0), 0, PLAIN)
    ('######::::::', ':', '')
    """
    whole, part = (0 if not most else min(WIDE, round(value / most * WIDE)) for value in pair)
    whole = max(whole, 1 if pair[0] > 0 else 0)
    part = min(part, whole)
    return ink.part * part + ink.whole * (whole - part)
