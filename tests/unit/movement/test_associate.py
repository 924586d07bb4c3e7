from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.geometry import Box
from smartlogd.movement.associate import likeness, match

side = st.floats(0, 0.7)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), side, side, st.floats(0.02, 0.3), st.floats(0.02, 0.3))
HERE = Box(0.4, 0.3, 0.5, 0.7)


@given(boxes, boxes, st.floats(0, 1))
def test_likeness_is_a_share_and_the_same_both_ways(one: Box, other: Box, slack: float) -> None:
    assert 0 <= likeness(one, other, slack) <= 1
    assert likeness(one, other, slack) == pytest.approx(likeness(other, one, slack))


@given(boxes, st.floats(0, 1))
def test_nothing_is_more_like_a_body_than_itself(box: Box, slack: float) -> None:
    assert likeness(box, box, slack) == pytest.approx(1)


def test_likeness_falls_with_distance_and_with_another_shape() -> None:
    near = likeness(HERE, Box(0.42, 0.3, 0.52, 0.7), 0.2)
    far = likeness(HERE, Box(0.46, 0.3, 0.56, 0.7), 0.2)
    assert 1 > near > far > 0
    assert likeness(HERE, Box(0.4, 0.3, 0.5, 0.5), 0.2) < likeness(HERE, Box(0.4, 0.3, 0.5, 0.65), 0.2) < 1


def test_slack_lets_bodies_meet_that_do_not_overlap() -> None:
    beside = Box(0.51, 0.3, 0.61, 0.7)
    assert likeness(HERE, beside, 0.0) == 0
    assert likeness(HERE, beside, 0.3) > 0


def test_boxes_without_area_are_like_nothing() -> None:
    flat = Box(0.4, 0.5, 0.5, 0.5)
    assert likeness(flat, flat, 0.2) == 0
    assert likeness(HERE, flat, 0.2) == 0
    # Turned inside out in one axis: a detector that says so is not followed.
    assert likeness(HERE, Box(0.5, 0.3, 0.4, 0.7), 0.2) == 0


@pytest.mark.parametrize("nothing", [[], [[]], [[], []]])
def test_nobody_and_nothing_match_in_no_way(nothing: list[list[float]]) -> None:
    assert match(nothing, 0.1) == ()


def test_a_pair_below_the_least_likeness_stays_apart() -> None:
    assert match([[0.5, 0.0], [0.0, 0.05]], 0.1) == ((0, 0),)
    assert match([[0.05]], 0.1) == ()


def test_the_sum_decides_and_not_the_best_pair() -> None:
    # Greedy would take 0.9 first and leave 0.1; together 0.8 + 0.8 is more.
    assert match([[0.9, 0.8], [0.8, 0.1]], 0.05) == ((0, 1), (1, 0))


tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.floats(0, 1), min_size=width, max_size=width),
        min_size=1,
        max_size=4,
    )
)


@given(tables, st.floats(0.05, 0.5))
def test_no_other_matching_gains_more_over_the_least(table: list[list[float]], least: float) -> None:
    pairs = match(table, least)
    rows, columns = [row for row, _ in pairs], [column for _, column in pairs]
    assert len(set(rows)) == len(rows)
    assert len(set(columns)) == len(columns)
    assert all(table[row][column] >= least for row, column in pairs)
    gained = sum(table[row][column] - least for row, column in pairs)
    assert gained == pytest.approx(best_gain(table, least), abs=1e-9)


def best_gain(table: list[list[float]], least: float) -> float:
    """By trying every way: each row takes a column, or stays alone."""
    gains = [[max(0.0, likeness - least) for likeness in row] + [0.0] * len(table) for row in table]
    orders = itertools.permutations(range(len(gains[0])), len(table))
    return max(sum(gains[row][column] for row, column in enumerate(order)) for order in orders)
