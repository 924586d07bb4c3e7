from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.store.spans import Span, length_us, union, without

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def covered(spans: list[Span]) -> set[int]:
    return {at for begin, end in spans for at in range(begin, end)}


@given(SPANS)
def test_the_union_covers_what_any_covers_in_order_and_apart(spans: list[Span]) -> None:
    whole = union(spans)
    assert covered(whole) == covered(spans)
    assert all(one[1] < next_[0] for one, next_ in pairwise(whole))


@given(SPANS, st.integers(0, 6))
def test_gaps_are_closed_up_to_their_bound_and_no_further(spans: list[Span], gap: int) -> None:
    whole, closed = union(spans), union(spans, gap)
    filled = {(one[1], next_[0]) for one, next_ in pairwise(whole) if next_[0] - one[1] <= gap}
    assert covered(closed) == covered(whole) | covered(list(filled))


@given(SPANS, SPANS)
def test_what_is_left_is_what_the_others_do_not_cover(spans: list[Span], others: list[Span]) -> None:
    assert covered(without(union(spans), union(others))) == covered(spans) - covered(others)


@given(SPANS, st.integers(0, 40), st.integers(0, 40))
def test_the_length_is_cut_at_both_instants(spans: list[Span], begin: int, end: int) -> None:
    assert length_us(union(spans), begin, end) == len(covered(spans) & set(range(begin, end)))
