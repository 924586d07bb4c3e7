"""What holds of the sync's arithmetic whatever the numbers are."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.wire import Parcel
from smartlogd.sync.backoff import pause_s, roof_s, slow_s
from smartlogd.sync.batch import BatchSize
from smartlogd.sync.parcel import halves, without
from smartlogd.sync.trouble import CentreDiffers
from smartlogd.sync.verdict import page_of, verdicts_of

chances = st.floats(0, 1)
spans = st.floats(0.01, 300)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)
answers = st.fixed_dictionaries(
    {},
    optional={
        "ok": anything | st.lists(st.integers(-5, 20)),
        "duplicate": anything | st.lists(st.integers(-5, 20)),
        "held": anything | st.lists(st.integers(-5, 20)),
        "rejected": anything | st.lists(st.tuples(st.integers(0, 20), st.text())),
        "centre": st.uuids().map(str) | anything,
        "cursor": anything,
        "rows": anything,
        "last": anything,
        "device": anything,
        "fleet_key": anything,
    },
)


@given(st.integers(0, 10_000), spans, spans, chances)
def test_a_pause_never_exceeds_its_roof_nor_any_roof_the_highest(
    failures: int, first_s: float, highest_s: float, chance: float
) -> None:
    roof = roof_s(failures, first_s, highest_s)
    assert 0 <= pause_s(failures, first_s, highest_s, chance) <= roof <= highest_s
    assert roof <= roof_s(failures + 1, first_s, highest_s)


@given(spans, chances)
def test_a_slow_pause_never_exceeds_its_span(span_s: float, chance: float) -> None:
    assert 0.9 * span_s * 0.999 <= slow_s(span_s, chance) <= span_s * 1.000001


@given(st.lists(st.tuples(st.integers(0, 1000), st.floats(0, 100)), max_size=50), st.integers(50, 1000))
def test_a_batch_stays_within_its_bounds_whatever_the_network_does(trips: list[tuple[int, float]], rows: int) -> None:
    size = BatchSize(rows, 50, 1000, 0.5)
    for sent, took_s in trips:
        before, size = size, size.after(sent, took_s)
        assert 50 <= size.rows <= 1000
        assert before.rows // 2 <= size.rows <= before.rows * 2
        assert 50 <= size.after_failure().rows <= size.rows


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=40, unique=True), st.sets(st.integers(1, 10_000)))
def test_a_parcel_cut_in_two_has_every_item_once_and_in_order(seqs: list[int], left_out: set[int]) -> None:
    parcel = Parcel(json.dumps([{"seq": seq, "name": "Zoë"} for seq in seqs]), tuple(seqs), (1, seqs[-1]), (7,))
    one, other = halves(parcel)
    assert one.seqs + other.seqs == parcel.seqs
    assert one.seqs
    assert other.seqs
    for part in (one, other, without(parcel, left_out)):
        assert tuple(item["seq"] for item in json.loads(part.body)) == part.seqs
    assert set(without(parcel, left_out).seqs) == set(seqs) - left_out


@given(answers | anything)
def test_whatever_a_centre_answers_is_verdicts_in_which_no_row_stands_twice_or_nothing(answer: object) -> None:
    try:
        verdicts = verdicts_of(json.dumps(answer))
    except CentreDiffers:
        return
    said = [*verdicts.ok, *verdicts.duplicate, *verdicts.held, *verdicts.rejected]
    assert len(said) == len(set(said))
    assert all(type(seq) is int and 0 <= seq < 2**63 for seq in said)
    assert all(reason.isprintable() and len(reason) <= 300 for reason in verdicts.rejected.values())


@given(answers | anything, st.integers(0, 100))
def test_whatever_a_centre_answers_is_a_page_that_leads_on_or_nothing(answer: object, cursor: int) -> None:
    try:
        page = page_of(json.dumps(answer), cursor)
    except CentreDiffers:
        return
    assert page.cursor > cursor or (page.cursor == cursor and page.is_last)
    assert all(isinstance(row["kind"], str) for row in page.rows)
