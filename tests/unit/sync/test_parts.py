"""A file in parts."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.sync.parts import MOST_PARTS, Begun, Part, PartSize, parts_of


@given(st.integers(0, 10**13), st.integers(5 * 2**20, 2**26))
def test_parts_cover_a_file_without_gap_or_overlap_and_are_never_too_many(size: int, part_bytes: int) -> None:
    parts = list(parts_of(size, part_bytes))
    assert sum(part.size for part in parts) == size
    assert len(parts) <= MOST_PARTS
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert all(one.start + one.size == other.start for one, other in pairwise(parts))
    assert len({part.size for part in parts[:-1]}) <= 1, "all but the last are equal"


@given(st.lists(st.tuples(st.integers(1, 2**30), st.floats(0, 1e4)), max_size=20))
def test_a_part_stays_between_its_bounds_whatever_the_line_is_like(sent: list[tuple[int, float]]) -> None:
    size = PartSize(32, 8, 256, 10.0)
    for each, took_s in sent:
        size = size.after(each, took_s)
        assert 8 <= size.bytes <= 256
    assert size.after_failure().bytes == 8


def test_a_slow_line_makes_small_parts_and_a_quick_one_large_ones() -> None:
    size = PartSize(32, 8, 256, 10.0)
    assert size.after(32, 40.0).bytes == 16
    assert size.after(32, 0.0).bytes == 64
    assert size.after(7, 100.0) == size, "what is less than a part tells nothing"


def test_only_a_part_of_that_size_and_hash_is_there_already() -> None:
    begun = Begun("u", {1: (10, "aa"), 3: (4, "cc")})
    assert [begun.has(Part(1, 0, size), md5) for size, md5 in ((10, "aa"), (9, "aa"), (10, "ab"))] == [
        True,
        False,
        False,
    ]
    assert not begun.has(Part(2, 10, 10), "aa")
    assert (begun.part_bytes, Begun("u", {3: (4, "cc")}).part_bytes) == (10, None)
