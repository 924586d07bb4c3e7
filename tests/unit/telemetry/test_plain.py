from __future__ import annotations

import datetime as dt
import json
import math

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.telemetry.plain import LONGEST_SENTENCE, amount, count, counted, cut, first, measure, name, plain, share

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(st.text(), st.integers(1, 300))
def test_a_cut_text_is_one_line_that_every_reader_can_decode(text: str, longest: int) -> None:
    kept = cut(text, longest)
    assert len(kept) <= longest
    assert len(kept.splitlines()) <= 1
    assert kept.encode().decode() == kept


def test_a_name_keeps_the_letters_of_its_language() -> None:
    for written in ("Zoë", "山田太郎", "نیما‌پور", "👩‍🚀"):
        assert name(written) == written
    assert name("") is None
    assert name(None) is None
    assert name(7) is None


@given(st.one_of(st.floats(), st.integers(), st.none(), st.booleans(), st.text()))
def test_a_measured_number_is_finite_or_there_is_none(value: object) -> None:
    for read in (measure(value, 2), amount(value, 2), share(value)):
        assert read is None or math.isfinite(read)
    assert (amount(value, 2) or 0) >= 0
    assert 0 <= (share(value) or 0) <= 1


def test_true_is_no_number() -> None:
    assert measure(True, 1) is None


def test_a_count_is_never_below_zero_nor_beyond_what_json_readers_read() -> None:
    assert (count(-1), count(7), count(10**400)) == (0, 7, 2**53 - 1)
    assert (counted(None), counted(-1)) == (None, 0)
    assert first(iter(range(10**12)), 2) == [0, 1]


@given(ANYTHING)
def test_whatever_is_made_plain_is_json(value: object) -> None:
    json.dumps(plain(value), allow_nan=False).encode()


def test_what_is_too_deep_too_long_or_too_much_is_left_out() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert plain(endless) == [[[None]]]
    assert plain({str(key): key for key in range(100)}) == {str(key): key for key in range(32)}
    assert len(str(plain("x" * 10**6))) == LONGEST_SENTENCE
    assert plain({"at": dt.date(2026, 11, 22), "big": 10**400, "no": float("nan"), "yes": True}) == {
        "at": "2026-11-22",
        "big": 2**53 - 1,
        "no": None,
        "yes": True,
    }
