"""Counted crossings against hand-counted ones."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.known import Action
from smartlogd.cli.score import LineScore, Passing, Total, score_line, total

IN, OUT = Action.IN, Action.OUT


def scored(
    required: list[Passing], counted: list[Passing], optional: list[Passing] | None = None, tolerance_s: float = 0.5
) -> tuple[int, int, int]:
    score = score_line(
        "clip.mp4", "door", required=required, optional=optional or [], counted=counted, tolerance_s=tolerance_s
    )
    assert score.matched + score.missed == score.expected == len(required)
    return score.matched, score.missed, score.false


def at(*times: float, action: Action = IN) -> list[Passing]:
    return [Passing(t_s, action) for t_s in times]


@pytest.mark.parametrize(
    ("required", "counted", "result"),
    [
        ([], [], (0, 0, 0)),
        (at(3), at(3), (1, 0, 0)),
        (at(3), [], (0, 1, 0)),
        ([], at(3), (0, 0, 1)),
        (at(3), at(3.5), (1, 0, 0)),
        (at(3), at(2.5), (1, 0, 0)),
        (at(3), at(3.51), (0, 1, 1)),
        (at(3), at(3, action=OUT), (0, 1, 1)),
        (at(3), at(2.9, 3.1), (1, 0, 1)),
        (at(3, 3.1), at(3.05), (1, 1, 0)),
        (at(18.75), at(19.25), (1, 0, 0)),
    ],
)
def test_a_crossing_is_matched_once_in_its_direction_and_within_its_tolerance(
    required: list[Passing], counted: list[Passing], result: tuple[int, int, int]
) -> None:
    assert scored(required, counted) == result


def test_a_chain_is_matched_whole_where_taking_the_nearest_first_would_lose_one() -> None:
    """3.4 is nearest to 3.3 but is the only one that 3.8 has; 3.3 must make do with 2.9."""
    assert scored(at(3.3, 3.8), at(2.9, 3.4)) == (2, 0, 0)


def test_a_long_chain_is_matched_whole() -> None:
    """Each counted crossing fits two hand-counted ones, and only one arrangement serves them all."""
    assert scored(at(*(n * 0.8 for n in range(1, 200))), at(*(n * 0.8 - 0.4 for n in range(1, 200)))) == (199, 0, 0)


def test_an_optional_crossing_is_neither_missed_nor_false() -> None:
    assert scored([], [], at(5)) == (0, 0, 0)
    assert scored([], at(5.2), at(5)) == (0, 0, 0)


def test_an_optional_crossing_takes_up_one_and_no_more() -> None:
    assert scored([], at(4.9, 5.1), at(5)) == (0, 0, 1)


def test_an_optional_crossing_of_the_other_direction_or_too_far_takes_up_nothing() -> None:
    assert scored([], at(5, action=OUT), at(5)) == (0, 0, 1)
    assert scored([], at(6), at(5)) == (0, 0, 1)


def test_a_required_crossing_comes_before_an_optional_one() -> None:
    assert scored(at(5.4), at(5.0), at(5.0)) == (1, 0, 0)


def test_an_optional_crossing_takes_what_the_required_one_can_spare() -> None:
    """Both counted ones fit the required one; only 5.6 fits the optional one."""
    assert scored(at(5.2), at(5.0, 5.6), at(6.0)) == (1, 0, 0)


def test_all_lines_together_give_error_precision_and_recall() -> None:
    lines = [LineScore("a", "x", 6, 5, 1, 0), LineScore("a", "y", 2, 2, 0, 3)]
    assert total(lines) == Total(expected=8, error=4, precision=0.7, recall=0.875)


def test_where_nothing_was_expected_and_nothing_counted_there_is_no_fault() -> None:
    assert total([]) == Total(0, 0, 1.0, 1.0)


# What always holds ---------------------------------------------------------------------------------

passings = st.lists(
    st.builds(Passing, st.integers(0, 40).map(lambda n: n / 4), st.sampled_from(Action)), min_size=0, max_size=6
)


@given(passings, passings)
def test_perfect_counts_have_no_error(required: list[Passing], optional: list[Passing]) -> None:
    assert scored(required, required, optional) == (len(required), 0, 0)
    assert scored(required, required + optional, optional)[2] == 0


@given(passings, passings, passings, st.randoms(use_true_random=False))
def test_the_order_in_which_crossings_are_written_does_not_matter(
    required: list[Passing], counted: list[Passing], optional: list[Passing], random: object
) -> None:
    before = scored(required, counted, optional)
    for rows in (required, counted, optional):
        random.shuffle(rows)  # type: ignore[attr-defined]
    assert scored(required, counted, optional) == before


@given(passings, passings, passings)
def test_every_counted_crossing_is_used_at_most_once(
    required: list[Passing], counted: list[Passing], optional: list[Passing]
) -> None:
    matched, missed, false = scored(required, counted, optional)
    assert matched + false <= len(counted)
    assert len(counted) - matched - false <= len(optional)
    assert missed >= 0


@given(passings, passings, passings)
def test_an_optional_crossing_never_makes_a_score_worse(
    required: list[Passing], counted: list[Passing], optional: list[Passing]
) -> None:
    bare, eased = scored(required, counted), scored(required, counted, optional)
    assert eased[:2] == bare[:2]
    assert eased[2] <= bare[2]


few = st.lists(
    st.builds(Passing, st.integers(0, 8).map(lambda n: n / 4), st.sampled_from(Action)), min_size=0, max_size=4
)


@given(few, few, few)
def test_no_other_arrangement_would_have_a_smaller_error(
    required: list[Passing], counted: list[Passing], optional: list[Passing]
) -> None:
    _, missed, false = scored(required, counted, optional)
    assert missed + false == _least_error(required, counted, optional)


def _least_error(required: list[Passing], counted: list[Passing], optional: list[Passing]) -> int:
    """By trying them all: every counted crossing meets a hand-counted one or nobody."""
    truths = [*required, *optional]
    least = len(required) + len(counted)
    for chosen in itertools.product(range(-1, len(truths)), repeat=len(counted)):
        met = [n for n in chosen if n >= 0]
        if len(set(met)) < len(met):
            continue
        if all(n < 0 or _fits(truths[n], seen) for n, seen in zip(chosen, counted, strict=True)):
            matched = sum(n < len(required) for n in met)
            least = min(least, len(required) - matched + len(counted) - len(met))
    return least


def _fits(truth: Passing, seen: Passing) -> bool:
    return truth.action is seen.action and abs(truth.t_s - seen.t_s) <= 0.5
