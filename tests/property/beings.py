"""Tracks of made-up people and dogs that sit, walk and eat, and what movement tells of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from walks import at

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Behaviour, Phase, Track, TrackId, Zone, ZoneKind
from smartlogd.base.seen import Detection, Guess, Kind
from smartlogd.base.who import Who
from smartlogd.movement.behaviour import Conduct, behave, finish
from smartlogd.movement.rules import BehaviourRules

ASPECT = 4 / 3
HERE = Box(0.4, 0.3, 0.55, 0.8)
DOG = Box(0.4, 0.6, 0.55, 0.75)
BOWL = Zone("bowl", ZoneKind.BOWL_FOOD, (Point(0.5, 0.68), Point(0.62, 0.68), Point(0.62, 0.8), Point(0.5, 0.8)))


def being(
    t: float,
    box: Box = HERE,
    word: str | None = None,
    *,
    id_: int = 1,
    kind: Kind = Kind.PERSON,
    first: float = 0.0,
    last: float | None = None,
    sure: float = 0.9,
) -> Track:
    """A believed track at `t`, of which a look says `word`; lost, where it was seen `last` before."""
    is_seen = last is None or last == t
    body = Detection(kind, box.clipped(), 0.8, guess=Guess(word, sure) if word else None) if is_seen else None
    phase = Phase.CONFIRMED if is_seen else Phase.LOST
    seen = at(t if last is None else last)
    return Track(TrackId(id_), kind, box.clipped(), Point(0, 0), 0.8, 9, at(first), seen, phase, body)


@dataclass(frozen=True)
class Frame:
    """The tracks of one frame."""

    t: float
    tracks: tuple[Track, ...]
    whom: Mapping[TrackId, Who] = field(default_factory=dict)


def span(start: float, end: float, make: Callable[[float], Track | None], fps: float = 10.0) -> list[Frame]:
    """Frames from `start` until before `end`, each with one track, or with none."""
    times = (start + number / fps for number in range(math.ceil((end - start) * fps - 1e-9)))
    return [Frame(t, () if (track := make(t)) is None else (track,)) for t in times]


def live(
    frames: Iterable[Frame],
    zones: Sequence[Zone] = (),
    rules: BehaviourRules | None = None,
    *,
    aspect: float = ASPECT,
    is_over: bool = True,
) -> list[Behaviour]:
    """All that is told of these frames, in order, the ends at the end included."""
    conduct, said = Conduct(), []
    for frame in frames:
        conduct, told = behave(
            conduct, frame.tracks, at(frame.t), zones, rules or BehaviourRules(), aspect=aspect, whom=frame.whom
        )
        said += told
    return said + list(finish(conduct)[1]) if is_over else said


def begun(said: Iterable[Behaviour], *words: str) -> list[Behaviour]:
    """What began, or was told whole, of these words; in the order of telling."""
    seen: set[tuple[str, int, int]] = set()
    first = []
    for one in said:
        key = (one.what, one.track, one.start.mono_ns)
        if key not in seen and (not words or one.what in words):
            first.append(one)
        seen.add(key)
    return first


def spans(said: Iterable[Behaviour], word: str) -> list[tuple[float, float]]:
    """From when to when this was done, seconds, to a hundredth."""
    return [
        (round(one.start.mono_ns / 1e9, 2), round(one.end.mono_ns / 1e9, 2))
        for one in said
        if one.what == word and one.end is not None
    ]


def count(said: Iterable[Behaviour], word: str) -> int:
    return len(begun(said, word))


def near(distance: float, x: float = 0.0, *, size: float = 0.9, wide: float = 0.4) -> Box:
    """The box of a body `distance` of its sizes away and `x` of them to the right, before a lens of 53 degrees."""
    high = size / distance / size
    middle = Point(0.5 + x * high / ASPECT, 0.35 + 0.6 * high)
    return Box.around(middle, wide * high / ASPECT, high)
