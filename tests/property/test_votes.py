"""What holds for every set of looks at a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from walks import at

from smartlogd.base.known import TrackId
from smartlogd.base.who import DIMENSIONS, Likeness, View, Who
from smartlogd.movement.vote import VoteRules, same, verdict

RULES = VoteRules()
TINY = 1e-9
BEINGS = tuple(Who(UUID(int=number), is_known=number <= 3) for number in range(1, 6))
ANNA = BEINGS[0]

distance = st.floats(0.1, 1.2)
quality = st.floats(0, 1)


@st.composite
def looks(draw: st.DrawFn, aside: float = 0.5) -> View:
    """A look at a face, anyhow like each of the beings; its embedding lies up to `aside` off in three directions."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[:3] = draw(st.lists(st.floats(-aside, aside, width=32), min_size=3, max_size=3))
    near = sorted((Likeness(who, draw(distance)) for who in BEINGS), key=lambda each: each.distance)
    return View(TrackId(1), 1, at(0), "net", vector, draw(quality), tuple(near))


def likened(view: View, who: Who, to: float) -> View:
    """The same look, so far from that being."""
    rest = [like for like in view.likenesses if like.who != who]
    return replace(view, likenesses=tuple(sorted((*rest, Likeness(who, to)), key=lambda each: each.distance)))


def far_from(views: Sequence[View], who: Who) -> float:
    """How far the looks together are from one being, as the verdict on it alone tells."""
    alone = [replace(view, likenesses=tuple(like for like in view.likenesses if like.who == who)) for view in views]
    return RULES.doubt_distance - verdict(alone, RULES).belief


several = st.lists(looks(), min_size=1, max_size=5)


@given(several, st.randoms(use_true_random=False))
def test_the_order_of_the_looks_does_not_matter(views: list[View], chance: object) -> None:
    shuffled = list(views)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert verdict(shuffled, RULES) == verdict(views, RULES)


@given(several, st.lists(looks(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_neither_does_it_for_whether_two_stretches_are_one(one: list[View], other: list[View], chance: object) -> None:
    shuffled = list(one)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert same(shuffled, other, RULES) == same(one, other, RULES) == same(other, one, RULES)


@given(several, st.data())
def test_a_look_that_is_nearer_to_someone_never_takes_them_farther(views: list[View], data: st.DataObject) -> None:
    changed = data.draw(st.integers(0, len(views) - 1))
    was = next(like.distance for like in views[changed].likenesses if like.who == ANNA)
    nearer = list(views)
    nearer[changed] = likened(views[changed], ANNA, data.draw(st.floats(0.05, was)))
    assert far_from(nearer, ANNA) <= far_from(views, ANNA) + TINY
    if verdict(views, RULES).who == ANNA:
        assert verdict(nearer, RULES).who == ANNA


@given(several, looks(), st.floats(0, 1))
def test_one_more_look_as_near_as_all_before_never_takes_someone_farther(
    views: list[View], more: View, share: float
) -> None:
    evidence = likened(more, ANNA, far_from(views, ANNA) * share)
    assert far_from([*views, evidence], ANNA) <= far_from(views, ANNA) + TINY


# Two looks that are d from someone cannot be more than 2d apart, so looks as near as these are not far aside either.
@given(
    st.lists(looks(0.09375), min_size=1, max_size=5),
    looks(0.09375),
    st.floats(0, 1),
    st.lists(st.floats(0.1, 0.7), min_size=5, max_size=5),
)
def test_someone_who_is_named_stays_named_after_a_look_that_says_so_too(
    views: list[View], more: View, share: float, near: list[float]
) -> None:
    """The look is as near to Anna as all before it, and sets her apart from every other person as clearly."""
    views = [likened(view, ANNA, to) for view, to in zip(views, near, strict=False)]
    anna = far_from(views, ANNA)
    evidence = likened(more, ANNA, anna * share)
    for other in BEINGS[1:3]:
        clear = far_from(views, other) ** 2 - anna**2
        evidence = likened(evidence, other, float(np.sqrt(max(0.0, (anna * share) ** 2 + clear))))
    if verdict(views, RULES).who == ANNA:
        assert verdict([*views, evidence], RULES).who == ANNA


@given(several)
def test_who_is_named_is_near_enough_and_no_other_person_as_near(views: list[View]) -> None:
    said = verdict(views, RULES)
    if said.who is not None and said.who.is_known:
        assert far_from(views, said.who) <= RULES.known_distance + TINY
        others = [who for who in BEINGS if who.is_known and who != said.who]
        assert all(far_from(views, who) - far_from(views, said.who) >= RULES.margin - TINY for who in others)


@given(several)
def test_a_stranger_is_never_named_with_less_belief_than_a_person_needs(views: list[View]) -> None:
    said = verdict(views, RULES)
    if said.who is not None and not said.who.is_known:
        assert said.belief >= RULES.doubt_distance - RULES.stranger_distance - TINY
        assert said.belief >= RULES.doubt_distance - RULES.known_distance


@given(several)
def test_nobody_is_named_whom_a_stricter_device_would_not_also_rank_first(views: list[View]) -> None:
    strict = replace(
        RULES, known_distance=RULES.known_distance - 0.05, stranger_distance=RULES.stranger_distance - 0.05
    )
    said = verdict(views, strict).who
    if said is not None and said.is_known:
        assert verdict(views, RULES).who == said


@given(several)
def test_the_best_of_people_who_are_as_near_is_nobody(views: list[View]) -> None:
    """Anna and a double of hers: whatever the looks, neither is named."""
    double = Who(UUID(int=99), is_known=True)
    doubled = [
        likened(view, double, next(like.distance for like in view.likenesses if like.who == ANNA)) for view in views
    ]
    assert verdict(doubled, RULES).who not in {ANNA, double}


@given(looks())
def test_one_look_thrice_says_what_it_says_once(view: View) -> None:
    once, thrice = verdict([view], RULES), verdict([view] * 3, RULES)
    assert abs(once.belief - thrice.belief) <= TINY or once.belief == thrice.belief
