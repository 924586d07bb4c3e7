"""Several looks at a face become one decision: a known person, a stranger seen before, or nobody that we know (pure).

A look votes for a being by how much nearer than `doubt_distance` it is, weighted by its quality, and against it
when it is farther; the sum is the belief. So one good look must be near, several may each be a little farther, and
one bad look does not undo good ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from smartlogd.base.who import View, Who


@dataclass(frozen=True, slots=True)
class VoteRules:
    """What naming someone takes; distances between embeddings, beliefs in the same measure."""

    doubt_distance: float = 0.60
    """A look this far from someone says nothing either way; nearer speaks for, farther against."""
    known_distance: float = 0.50
    """One look of full quality must be this near for a known person to be named, several may be farther."""
    stranger_distance: float = 0.46
    """The same for a stranger seen before; not above `known_distance`."""
    margin: float = 0.04
    """By how much a known person's belief must exceed every other known person's, in distance of one look."""
    same_distance: float = 0.50
    """Two stretches whose nearest looks are at most this far apart show one face ..."""
    other_distance: float = 0.62
    """... and two faces when they are at least this far apart."""
    least_weight: float = 0.5
    """How much the worst look that was let through counts, beside 1 for the best."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who it is, None where nobody can say; what was believed of the best, and of the best other."""

    who: Who | None
    belief: float
    runner_up: float


def verdict(views: Sequence[View], rules: VoteRules) -> Verdict:
    """Who was seen in `views`, in whatever order they are given.

    A known person is named when its belief is that of one full look at `known_distance` or more, and exceeds
    every other person's by `margin`; else the recent stranger of the greatest belief, when that is as that of one
    full look at `stranger_distance`; else nobody.
    """
    beliefs = _beliefs(views, rules)
    people = sorted(((belief, who) for who, belief in beliefs.items() if who.is_known), reverse=True)
    strangers = sorted(((belief, who) for who, belief in beliefs.items() if not who.is_known), reverse=True)
    nobody = -float("inf")
    best, other = [belief for belief, _ in (*people[:2], (nobody, None), (nobody, None))][:2]
    if best >= rules.doubt_distance - rules.known_distance and best - other >= rules.margin:
        return Verdict(people[0][1], best, other)
    seen, next_ = [belief for belief, _ in (*strangers[:2], (nobody, None), (nobody, None))][:2]
    if seen >= rules.doubt_distance - rules.stranger_distance:
        return Verdict(strangers[0][1], seen, next_)
    return Verdict(None, best, other)


def same(one: Sequence[View], other: Sequence[View], rules: VoteRules) -> bool | None:
    """Whether two stretches of a track show one face (True), two (False), or nobody can say (None)."""
    apart = [float(np.linalg.norm(here.vector - there.vector)) for here in one for there in other]
    if not apart:
        return None
    if min(apart) <= rules.same_distance:
        return True
    return False if min(apart) >= rules.other_distance else None


def _beliefs(views: Iterable[View], rules: VoteRules) -> dict[Who, float]:
    """Each being's belief over all views; a being that a view does not list was at least as far as its last."""
    looks = sorted(views, key=lambda view: tuple((near.distance, near.who) for near in view.likenesses))
    beings = {near.who for view in looks for near in view.likenesses}
    beliefs = dict.fromkeys(beings, 0.0)
    for view in looks:
        weight = rules.least_weight + (1 - rules.least_weight) * view.quality
        distances = {near.who: near.distance for near in view.likenesses}
        farthest = max(distances.values(), default=rules.doubt_distance)
        for who in beings:
            distance = distances.get(who, max(farthest, rules.doubt_distance))
            beliefs[who] += weight * (rules.doubt_distance - distance)
    return beliefs
