"""A day or a week as a picture: bars of minutes, and the numbers over them.

It is drawn at twice its size and brought down, so that letters and edges are even.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from smartlogd.base.seen import Pixels
from smartlogd.record.pen import INK, PAPER, Colour, Pen, letters

WIDTH, HEIGHT = 1200, 675
_TWICE = 2
_QUIET: Colour = (122, 127, 132)
_RULE: Colour = (216, 216, 210)
_WHOLE: Colour = (158, 196, 188)
_PART: Colour = (47, 112, 116)
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 40, 262, 64
"""Where the bars stand, in pixels from the picture's edges."""
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360)
"""Minutes between two rules; four of them hold a day."""
_RULES = 4
_SHARE = 0.66
"""How much of its place a bar takes."""
_MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what stands under it, how many minutes it shows, and how many of those are of the darker kind."""

    label: str
    whole: float
    part: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows; `kinds` says what the bars' whole and part are, `figures` are pairs of a number and a word.

    Letters beyond ASCII are not in the pen's font and show as question marks.
    """

    title: str
    below: str
    kinds: tuple[str, str]
    bars: tuple[Bar, ...]
    figures: tuple[tuple[str, str], ...]


def drawn(chart: Chart) -> Pixels:
    """The chart as a picture, uint8[675, 1200, 3] RGB."""
    sheet = np.full((HEIGHT * _TWICE, WIDTH * _TWICE, 3), PAPER, np.uint8)
    pen = Pen.for_picture(sheet)
    _write(sheet, pen, chart.title, (_LEFT, 30), 1.9, INK)
    _write(sheet, pen, chart.below, (_LEFT, 74), 1.0, _QUIET)
    _figures(sheet, pen, chart.figures)
    _legend(sheet, pen, chart.kinds)
    step = _step(max((bar.whole for bar in chart.bars), default=0))
    _rules(sheet, pen, step)
    _bars(sheet, pen, chart.bars, step * _RULES)
    return np.asarray(cv2.resize(sheet, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _step(most: float) -> int:
    """Minutes between two rules, so that the highest bar stays below the last.

    >>> _step(0), _step(37.5), _step(60), _step(1440)
    (1, 10, 15, 360)
    """
    return next((step for step in _STEPS if step * _RULES >= most), _STEPS[-1])


def _rules(sheet: Pixels, pen: Pen, step: int) -> None:
    """Level lines with their minutes."""
    for number in range(_RULES + 1):
        y = _level(number / _RULES)
        colour = _QUIET if number == 0 else _RULE
        cv2.line(sheet, _spot(_LEFT, y), _spot(WIDTH - _RIGHT, y), colour, _TWICE)
        text = f"{number * step}"
        _write(sheet, pen, text, (_LEFT - 12 - _width(pen, text, 0.9), y - 10), 0.9, _QUIET)
    _write(sheet, pen, "minutes", (_LEFT, _TOP - 36), 0.9, _QUIET)


def _bars(sheet: Pixels, pen: Pen, bars: Sequence[Bar], most: float) -> None:
    """The bars side by side, and what stands under them: under each, or under so many that they have room."""
    place = (WIDTH - _LEFT - _RIGHT) / max(1, len(bars))
    every = -(-len(bars) // _MOST_LABELS)
    for number, bar in enumerate(bars):
        middle = _LEFT + (number + 0.5) * place
        for value, colour in ((bar.whole, _WHOLE), (bar.part, _PART)):
            _block(sheet, middle, place * _SHARE, min(1.0, max(0.0, value / most)), colour)
        if number % every == 0:
            left = round(middle - _width(pen, bar.label, 0.9) / 2)
            _write(sheet, pen, bar.label, (left, HEIGHT - _BOTTOM + 10), 0.9, _QUIET)


def _block(sheet: Pixels, middle: float, width: float, share: float, colour: Colour) -> None:
    """A filled block on the ground line; nothing of no height."""
    corner, opposite = _spot(middle - width / 2, _level(share)), _spot(middle + width / 2, _level(0))
    if corner[1] < opposite[1]:
        cv2.rectangle(sheet, corner, (opposite[0], opposite[1] - _TWICE), colour, cv2.FILLED)


def _figures(sheet: Pixels, pen: Pen, figures: Sequence[tuple[str, str]]) -> None:
    """The numbers in a row, each over its word."""
    place = (WIDTH - _LEFT - _RIGHT) / max(1, len(figures))
    for number, (value, word) in enumerate(figures):
        left = round(_LEFT + number * place)
        _write(sheet, pen, value, (left, 120), 1.7, INK)
        _write(sheet, pen, word, (left, 158), 0.85, _QUIET)


def _legend(sheet: Pixels, pen: Pen, kinds: Sequence[str]) -> None:
    """What the two colours are, over the right end of the bars."""
    left = WIDTH - _RIGHT
    for kind, colour in zip(reversed(kinds), (_PART, _WHOLE), strict=True):
        left -= _width(pen, kind, 0.9)
        _write(sheet, pen, kind, (left, _TOP - 36), 0.9, _QUIET)
        cv2.rectangle(sheet, _spot(left - 20, _TOP - 35), _spot(left - 7, _TOP - 22), colour, cv2.FILLED)
        left -= 40


def _level(share: float) -> float:
    """How far down the picture this share of the bars' height is."""
    return HEIGHT - _BOTTOM - share * (HEIGHT - _BOTTOM - _TOP)


def _spot(x: float, y: float) -> tuple[int, int]:
    return round(x * _TWICE), round(y * _TWICE)


def _write(sheet: Pixels, pen: Pen, text: str, corner: tuple[float, float], size: float, colour: Colour) -> None:
    letters(sheet, _sized(pen, size), _plain(text), _spot(*corner), colour)


def _width(pen: Pen, text: str, size: float) -> int:
    """How wide the text is, in pixels of the finished picture."""
    return round(_sized(pen, size).extent(_plain(text))[0] / _TWICE)


def _sized(pen: Pen, size: float) -> Pen:
    return replace(pen, font=pen.font * size * 0.62, weight=max(1, round(pen.weight * size)), pad=0)


def _plain(text: str) -> str:
    return text.encode("ascii", errors="replace").decode()
