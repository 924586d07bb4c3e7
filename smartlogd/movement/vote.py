"""Several looks at a face become one decision: a known person, a stranger seen before, or nobody that we know (pure).

The looks of a stretch are taken together before they are judged: how far they are from a being is the mean square of
how far each is, less a share of how much they scatter among themselves. For what scatters is the picture (light, turn,
blur), and what they have in common is the face; looks that differ and still agree are worth more than one look thrice.
Each look counts by its quality. Why so, and the figures: docs/decisions/0015-how-someone-is-named.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smartlogd.base.who import View, Who

_SHARE = 0.1
"""Of the looks' scatter this share is taken off. Below 1, a look which is nearer to someone than all before it together
can only bring that one nearer; at 0.1, three looks name a stranger no oftener than one look does."""


@dataclass(frozen=True, slots=True)
class VoteRules:
    """What naming someone takes, in distances between embeddings."""

    doubt_distance: float = 0.60
    """At this distance nothing is believed; belief is by how much nearer someone is."""
    known_distance: float = 0.525
    """A known person is named who is at most this far."""
    stranger_distance: float = 0.46
    """A stranger seen before is taken for the same who is at most this far; not above `known_distance`."""
    margin: float = 0.05
    """Every other known person must be farther than the named one by at least this."""
    same_distance: float = 0.52
    """Two stretches that are at most this far apart show one face ..."""
    other_distance: float = 0.62
    """... and two faces when they are at least this far apart."""
    least_weight: float = 0.5
    """How much the worst look that was let through counts, beside 1 for the best."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who it is, None where nobody can say; the `belief` in the nearest, and in the next.

    A belief is `doubt_distance` less the distance: the greater the surer, minus infinity where there is nobody.
    """

    who: Who | None
    belief: float
    runner_up: float


def verdict(views: Sequence[View], rules: VoteRules) -> Verdict:
    """Who was seen in `views`, in whatever order they are given.

    A known person is named who is within `known_distance`, and nearer than every other person by `margin`; else the
    nearest recent stranger, within `stranger_distance`; else nobody.
    """
    distances = _distances(views, rules)
    people = _ranked({who: distance for who, distance in distances.items() if who.is_known}, rules)
    best, other = people[0].belief, people[1].belief
    if best >= rules.doubt_distance - rules.known_distance and best - other >= rules.margin:
        return Verdict(people[0].who, best, other)
    strangers = _ranked({who: distance for who, distance in distances.items() if not who.is_known}, rules)
    if strangers[0].belief >= rules.doubt_distance - rules.stranger_distance:
        return Verdict(strangers[0].who, strangers[0].belief, strangers[1].belief)
    return Verdict(None, best, other)


def same(one: Sequence[View], other: Sequence[View], rules: VoteRules) -> bool | None:
    """Whether two stretches of a track show one face (True), two (False), or nobody can say (None)."""
    if not one or not other:
        return None
    pairs = [(_weight(here, rules) * _weight(there, rules), _square(here, there)) for here in one for there in other]
    square = math.fsum(weight * apart for weight, apart in pairs) / math.fsum(weight for weight, _ in pairs)
    apart = math.sqrt(max(0.0, square - _SHARE * (_scatter(one, rules) + _scatter(other, rules))))
    if apart <= rules.same_distance:
        return True
    return False if apart >= rules.other_distance else None


@dataclass(frozen=True, slots=True)
class _Ranked:
    who: Who | None
    belief: float


def _ranked(distances: dict[Who, float], rules: VoteRules) -> list[_Ranked]:
    """Those beings, the nearest first, and nobody behind them, so that there are always two."""
    ranked = sorted((distance, who) for who, distance in distances.items())
    nobody = [_Ranked(None, -math.inf)] * 2
    return [*(_Ranked(who, rules.doubt_distance - distance) for distance, who in ranked), *nobody]


def _distances(views: Sequence[View], rules: VoteRules) -> dict[Who, float]:
    """How far each being is from all looks together; a look that knows of nobody says nothing.

    A being that a look does not list was farther than all whom it lists, and speaks for nobody.
    """
    looks = [view for view in views if view.likenesses]
    listed = [{near.who: near.distance for near in view.likenesses} for view in looks]
    weights = [_weight(view, rules) for view in looks]
    credit = _SHARE * _scatter(looks, rules)
    found: dict[Who, float] = {}
    for who in set().union(*listed):
        squares = [near.get(who, max(rules.doubt_distance, *near.values())) ** 2 for near in listed]
        mean = math.fsum(weight * square for weight, square in zip(weights, squares, strict=True)) / math.fsum(weights)
        found[who] = math.sqrt(max(0.0, mean - credit))
    return found


def _weight(view: View, rules: VoteRules) -> float:
    return rules.least_weight + (1 - rules.least_weight) * view.quality


def _scatter(views: Sequence[View], rules: VoteRules) -> float:
    """The mean square of how far the looks lie from their middle.

    By pairs, and summed exactly, so that their order cannot matter.
    """
    weights = [_weight(view, rules) for view in views]
    apart = [
        weights[here] * weights[there] * _square(views[here], views[there])
        for here in range(len(views))
        for there in range(here)
    ]
    return math.fsum(apart) / math.fsum(weights) ** 2 if apart else 0.0


def _square(one: View, other: View) -> float:
    """The squared distance of two looks."""
    off = one.vector.astype(np.float64) - other.vector.astype(np.float64)
    return float(off @ off)
