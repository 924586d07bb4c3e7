from __future__ import annotations

import itertools

import numpy as np
import pytest

from smartlogd.record.chart import _PART, _WHOLE, HEIGHT, WIDTH, Bar, Chart, drawn
from smartlogd.record.pen import PAPER

KINDS = ("in view", "calm")
UNDER_LEGEND = 250


def chart(*bars: Bar) -> Chart:
    return Chart("A day", "yard, UTC", KINDS, bars, (("7", "sat"), ("3 of 4", "fetched")))


def area(bars: Chart, colour: tuple[int, int, int]) -> int:
    """How many pixels of the bars are of this colour."""
    return int((drawn(bars)[UNDER_LEGEND:] == colour).all(axis=2).sum())


def test_it_is_a_picture_on_paper() -> None:
    picture = drawn(chart(Bar("00", 10, 5)))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8
    assert (picture[0, 0] == PAPER).all()


@pytest.mark.parametrize("count", [1, 7, 23, 25])
def test_bars_are_as_high_as_their_minutes(count: int) -> None:
    whole, half = (chart(*[Bar("x", value, 0) for _ in range(count - 1)], Bar("x", 60, 60)) for value in (60, 30))
    assert area(half, _WHOLE) == pytest.approx(area(whole, _WHOLE) / 2, rel=0.03)


def test_the_part_is_drawn_within_the_whole() -> None:
    assert area(chart(Bar("x", 60, 60)), _WHOLE) == 0
    assert area(chart(Bar("x", 60, 20)), _PART) == pytest.approx(area(chart(Bar("x", 60, 60)), _PART) / 3, rel=0.03)


@pytest.mark.parametrize("most", [0, 0.01, 1, 59, 61, 1440, 10_000])
def test_no_bar_leaves_the_paper_and_nothing_is_no_bar(most: float) -> None:
    picture = drawn(chart(Bar("x", most, 0)))
    there = (picture[UNDER_LEGEND:] == _WHOLE).all(axis=2)
    assert there.any() == (most > 0.02)
    assert (picture[-20:] == PAPER).all()
    assert (picture[:, -20:] == PAPER).all()


def test_an_empty_chart_and_letters_the_pen_has_not_are_drawn_as_well() -> None:
    drawn(Chart("Zoë's yard", "", KINDS, (), ()))
    one, other = (drawn(Chart(title, "", KINDS, (), ())) for title in ("a", "b"))
    assert any((a != b).any() for a, b in itertools.zip_longest(one, other))
