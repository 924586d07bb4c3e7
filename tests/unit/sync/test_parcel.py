from __future__ import annotations

import json

from smartlogd.base.wire import Parcel, Verdicts
from smartlogd.sync.parcel import halves, together, without

PARCEL = Parcel('[{"seq": 4, "name": "Zoë"}, {"seq": 5}, {"seq": 9}]', (4, 5, 9), (1, 9), (6,))


def test_halves_have_all_items_between_them() -> None:
    one, other = halves(PARCEL)
    assert (one.seqs, other.seqs) == ((4,), (5, 9))
    assert json.loads(one.body) == [{"seq": 4, "name": "Zoë"}]
    assert json.loads(other.body) == [{"seq": 5}, {"seq": 9}]


def test_a_parcel_without_nothing_is_the_parcel_itself() -> None:
    assert without(PARCEL, {1, 2, 3}) is PARCEL


def test_a_parcel_without_all_its_items_still_says_where_it_ends() -> None:
    bare = without(PARCEL, {4, 5, 9})
    assert (bare.body, bare.seqs, bare.end, bare.void) == ("[]", (), (1, 9), (6,))


def test_verdicts_on_two_halves_are_verdicts_on_the_whole() -> None:
    one, other = Verdicts((1,), (2,), {3: "no"}, (4,)), Verdicts((5,), (), {6: "never"}, (7,))
    assert together(one, other) == Verdicts((1, 5), (2,), {3: "no", 6: "never"}, (4, 7))
