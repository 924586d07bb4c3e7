"""Parcels cut in two, or without some of their items."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace

from smartlogd.base.wire import Parcel, Verdicts


def halves(parcel: Parcel) -> tuple[Parcel, Parcel]:
    """The two halves of a parcel of two or more items.

    >>> [half.seqs for half in halves(Parcel('[{"seq": 1}, {"seq": 2}, {"seq": 3}]', (1, 2, 3), (1, 3)))]
    [(1,), (2, 3)]
    """
    middle = len(parcel.seqs) // 2
    return _of(parcel, range(middle)), _of(parcel, range(middle, len(parcel.seqs)))


def without(parcel: Parcel, seqs: Collection[int]) -> Parcel:
    """The parcel without the items of these numbers.

    >>> without(Parcel('[{"seq": 1}, {"seq": 2}]', (1, 2), (1, 2)), {1}).body
    '[{"seq":2}]'
    """
    places = [place for place, seq in enumerate(parcel.seqs) if seq not in seqs]
    return parcel if len(places) == len(parcel.seqs) else _of(parcel, places)


def together(one: Verdicts, other: Verdicts) -> Verdicts:
    """The verdicts on both halves."""
    return Verdicts(
        ok=one.ok + other.ok,
        duplicate=one.duplicate + other.duplicate,
        rejected={**one.rejected, **other.rejected},
        held=one.held + other.held,
    )


def _of(parcel: Parcel, places: Collection[int]) -> Parcel:
    """The items that stand in these places."""
    items = json.loads(parcel.body)
    body = json.dumps([items[place] for place in places], ensure_ascii=False, separators=(",", ":"))
    return replace(parcel, body=body, seqs=tuple(parcel.seqs[place] for place in places))
