from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.cli.bars import BLOCKS, PLAIN, ROWS, WIDE, ink, lying, upright

SHARES = st.tuples(st.floats(0, 60), st.floats(0, 1)).map(lambda pair: (pair[0], pair[0] * pair[1]))


@given(st.lists(SHARES, min_size=1, max_size=25))
def test_a_bar_reaches_as_high_as_it_is_long_to_half_a_row(pairs: list[tuple[float, float]]) -> None:
    rows = upright(pairs, [f"{n:02d}" for n in range(len(pairs))], 60, PLAIN).splitlines()[:ROWS]
    for number, (whole, part) in enumerate(pairs):
        column = [row[4 + 3 * number :][:1] for row in rows]
        high, low = sum(cell in {":", "#"} for cell in column), column.count("#")
        assert abs(high - whole / 10) <= 1
        assert abs(low - part / 10) <= 1
        assert (high == 0) == (whole == 0)


@given(SHARES)
def test_a_lying_bar_keeps_its_width_and_shows_the_least_there_is(pair: tuple[float, float]) -> None:
    bar = lying(pair, 60, PLAIN)
    assert len(bar) <= WIDE
    assert (bar == "") == (pair[0] == 0)
    assert bar.count("#") <= pair[1] / 60 * WIDE + 0.5


def test_letters_are_those_that_can_be_written() -> None:
    assert [ink(encoding) for encoding in ("utf-8", "ascii", "latin-1", None, "nonsense")] == [BLOCKS, *[PLAIN] * 4]
