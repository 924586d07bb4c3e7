"""What must hold of behaviours whatever anybody does."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace

from beings import BOWL, DOG, HERE, Frame, begun, being, count, live, near, span
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartlogd.base.known import Track
from smartlogd.base.seen import Kind

WORDS = [None, "sit", "stand", "lie"]
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ONCE = {"approach", "fetch_return"}


@st.composite
def crowds(draw: st.DrawFn) -> list[Frame]:
    """Some hundred frames in which tracks come, go, are lost, jump about and show anything."""
    dice = random.Random(draw(st.integers(0, 10_000)))
    frames: list[Frame] = []
    living: dict[int, Track] = {}
    t, next_id = 0.0, 1
    for _ in range(draw(st.integers(1, 150))):
        t += dice.choice((0.03, 0.1, 0.3, 0.5, 2.0, 7.0) if dice.random() < 0.1 else (0.1, 0.2))
        if dice.random() < 0.1:
            kind = dice.choice((Kind.PERSON, Kind.DOG, Kind.CAT))
            living[next_id] = being(t, dice.choice((HERE, DOG)), id_=next_id, kind=kind, first=t)
            next_id += 1
        for id_ in [id_ for id_ in living if dice.random() < 0.03]:
            del living[id_]
        for id_, track in living.items():
            living[id_] = _next(dice, track, t)
        frames.append(Frame(t, tuple(living.values())))
    return frames


def _next(dice: random.Random, track: Track, t: float) -> Track:
    first, last = track.first.mono_ns / 1e9, track.last.mono_ns / 1e9
    if dice.random() < 0.15:
        return being(t, track.box, id_=track.id, kind=track.kind, first=first, last=last)
    box = near(dice.uniform(1, 9), dice.uniform(-2, 2)) if dice.random() < 0.05 else track.box
    return being(t, box, dice.choice(WORDS), id_=track.id, kind=track.kind, first=first, sure=dice.random())


@QUICK
@given(crowds())
def test_whatever_began_is_ended_exactly_once_and_not_before_it_began(frames: list[Frame]) -> None:
    said = live(frames, (BOWL,))
    keys = Counter((one.what, one.track, one.start.mono_ns) for one in said)
    ends = Counter((one.what, one.track, one.start.mono_ns) for one in said if one.end is not None)
    assert set(ends.values()) <= {1}
    assert set(ends) == set(keys)
    assert all(times == (1 if what in ONCE else 2) for (what, _, _), times in keys.items())
    assert all(one.end.mono_ns >= one.start.mono_ns for one in said if one.end is not None)


@QUICK
@given(crowds())
def test_nobody_holds_two_postures_at_once(frames: list[Frame]) -> None:
    spans = sorted(
        (one.track, one.start.mono_ns, one.end.mono_ns)
        for one in live(frames)
        if one.what in {"sit", "stand", "lie"} and one.end is not None
    )
    for (track, _, end), (other, start, _) in itertools.pairwise(spans):
        assert track != other or start >= end


@QUICK
@given(crowds(), st.randoms(use_true_random=False))
def test_the_order_of_tracks_changes_nothing(frames: list[Frame], dice: random.Random) -> None:
    shuffled = [replace(frame, tracks=tuple(dice.sample(frame.tracks, len(frame.tracks)))) for frame in frames]
    assert live(shuffled, (BOWL,)) == live(frames, (BOWL,))


@QUICK
@given(
    st.lists(st.tuples(st.sampled_from(WORDS[1:]), st.floats(3, 12)), min_size=1, max_size=5),
    st.sampled_from([2.0, 3.0, 5.0, 10.0, 17.0, 30.0]),
)
def test_any_frame_rate_counts_the_same(acts: list[tuple[str, float]], fps: float) -> None:
    told = [(word, span_s) for n, (word, span_s) in enumerate(acts) if n == 0 or acts[n - 1][0] != word]

    def word(t: float) -> str | None:
        for what, span_s in told:
            t -= span_s
            if t < 0:
                return what
        return told[-1][0]

    end = sum(span_s for _, span_s in told)
    said = live(span(0, end, lambda t: being(t, HERE, word(t)), fps))
    wanted = [told[0][0], *(b for (a, _), (b, _) in itertools.pairwise(told) if a != b)]
    assert [one.what for one in begun(said, "sit", "stand", "lie")] == wanted


@QUICK
@given(st.integers(0, 10_000), st.floats(0.0, 0.3), st.sampled_from([3.0, 10.0, 30.0]))
def test_dithering_never_counts_twice(seed: int, share: float, fps: float) -> None:
    """Wrong looks, a third of all at most, in bursts shorter than half the dwell."""
    dice = random.Random(seed)
    until = rest = 0.0

    def word(t: float) -> str | None:
        nonlocal until, rest
        if t < until:
            return "stand"
        if t >= rest and dice.random() < share:
            until = t + dice.uniform(0, 0.45)
            rest = until + 1.0
            return "stand"
        return "sit"

    held = [*span(0, 2, lambda t: being(t, HERE, "sit"), fps), *span(2, 20, lambda t: being(t, HERE, word(t)), fps)]
    assert count(live(held), "sit") == 1
    assert count(live(held), "stand") == 0
