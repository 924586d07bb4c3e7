"""One staged day: who was before the camera and what they did, as it was, and what movement tells of it.

Visits are strewn over 24 hours. In each, one or two beings (a person, a dog) do one act after another: they walk, sit,
stand, lie, and the dog eats, plays and fetches. What is seen of them errs: boxes tremble, looks are missed, bodies are
lost for seconds and found on another track, postures are not known or wrong, singly and in bursts; each visit has its
own frame rate. What really happened is counted from the acts alone.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Behaviour, Phase, Track, TrackId, Zone, ZoneKind
from smartlogd.base.seen import Detection, Guess, Kind
from smartlogd.base.time import Stamp
from smartlogd.movement.behaviour import Conduct, behave, finish
from smartlogd.movement.rules import BehaviourRules

MIDNIGHT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
DAY_S = 86_400.0
ASPECT = 4 / 3
BOWL = Zone("bowl", ZoneKind.BOWL_FOOD, (Point(0.86, 0.5), Point(1, 0.5), Point(1, 0.9), Point(0.86, 0.9)))

_KEEP_LOST_S = 2.0
_SHAPES = {"stand": (0.4, 1.0), "sit": (0.45, 0.75), "lie": (1.1, 0.3)}
_DOG_SHAPES = {"stand": (1.0, 0.7), "sit": (0.7, 0.9), "lie": (1.0, 0.35)}
_OF_PEOPLE = ("walk", "sit", "sit", "stand", "lie")
_OF_DOGS = (*_OF_PEOPLE, "eat", "play", "fetch", "fail")
_RESTLESS = {"walk", "play", "fetch", "fail"}


@dataclass(frozen=True)
class Truth:
    """What really happened: how often what, and for how many minutes."""

    counts: Mapping[str, int]
    minutes: Mapping[str, float]
    """`time_in_frame` and `calm`."""


@dataclass(frozen=True)
class Staged:
    """A day's behaviours in the order in which they were told (each begin, and each end later), and the truth."""

    events: tuple[Behaviour, ...]
    truth: Truth


@dataclass(frozen=True)
class Act:
    """What one being does from `start` to `end`, and how far to the right at either end; a failed fetch is the last."""

    what: str
    start: float
    end: float
    x0: float = 0.0
    x1: float = 0.0

    @property
    def word(self) -> str:
        """The posture that this is done in."""
        return self.what if self.what in _SHAPES else "stand"


@dataclass(frozen=True)
class Actor:
    """One being's visit: its acts, one after another, and when it is hidden for a moment."""

    kind: Kind
    far: float
    acts: tuple[Act, ...]
    hidden: tuple[tuple[float, float], ...] = ()

    def act(self, t: float) -> Act | None:
        return next((act for act in self.acts if act.start <= t < act.end), None)

    def is_seen(self, t: float) -> bool:
        return not any(start <= t < end for start, end in self.hidden)


@dataclass
class Life:
    """The track that follows an actor just now."""

    id: TrackId | None = None
    first: float = 0.0
    last: float = 0.0
    wrong: tuple[float, str] = (0.0, "")
    box: Box = field(default_factory=lambda: Box(0, 0, 0, 0))


def stamp(t: float) -> Stamp:
    """The instant so many seconds after midnight."""
    return Stamp(round(t * 1e9), MIDNIGHT + dt.timedelta(seconds=t), trusted=True)


def day(seed: int, *, visits: int = 30) -> Staged:
    """The staged day of this seed."""
    dice = random.Random(seed)
    plays = [_visit(dice, DAY_S * (number + 0.1) / visits) for number in range(visits)]
    conduct, said = Conduct(), []
    ids = itertools.count(1)
    for actors in plays:
        fps = dice.choice((2.0, 3.0, 5.0, 8.0))
        lives = [Life() for _ in actors]
        begin, end = _span(actors)
        for number in range(round((end + 20 - begin) * fps)):
            t = begin + (number + dice.uniform(0, 0.3)) / fps
            tracks = [
                track for actor, life in zip(actors, lives, strict=True) if (track := _look(dice, actor, life, t, ids))
            ]
            conduct, told = behave(conduct, tracks, stamp(t), (BOWL,), BehaviourRules(), aspect=ASPECT)
            said += told
    said += finish(conduct)[1]
    return Staged(tuple(said), _truth(plays))


def _visit(dice: random.Random, start: float) -> tuple[Actor, ...]:
    """One or two beings that come within a few seconds of each other, each on its own side of the picture."""
    person, dog = dice.choice(((True, False), (False, True), (True, True)))
    actors = []
    if person:
        actors.append(_actor(dice, Kind.PERSON, start, far=dice.uniform(2.2, 3.0), left=-0.5))
    if dog:
        actors.append(_actor(dice, Kind.DOG, start + dice.uniform(0, 20), far=dice.uniform(3.0, 3.6), left=0.1))
    return tuple(actors)


def _actor(dice: random.Random, kind: Kind, start: float, far: float, left: float) -> Actor:
    acts: list[Act] = []
    hidden: list[tuple[float, float]] = []
    t, x = start, left
    for _ in range(dice.randint(4, 8)):
        before = acts[-1].what if acts else ""
        what = dice.choice([one for one in (_OF_DOGS if kind is Kind.DOG else _OF_PEOPLE) if _may_follow(before, one)])
        act = _act(dice, what, t, x, left)
        if what in {"sit", "stand", "lie"} and dice.random() < 0.4:
            gap = act.start + (act.end - act.start) * 0.5
            hidden.append((gap, gap + dice.uniform(2.2, 3.2)))
        acts.append(act)
        t, x = act.end, act.x1
        if what == "fail":
            acts.append(Act("far", t, t + dice.uniform(15, 30), x, x))
            break
    return Actor(kind, far, tuple(acts), tuple(hidden))


def _may_follow(before: str, what: str) -> bool:
    """Whether an act is another one than the act before; before anything lively there is rest, which cues nothing."""
    return what != before and (what not in {"eat", "play", "fetch", "fail"} or before in _SHAPES)


def _act(dice: random.Random, what: str, t: float, x: float, left: float) -> Act:
    """An act that begins at `t` where the being stands; whoever is to move goes to another place."""
    if what == "walk":
        return Act(what, t, t + dice.uniform(5, 9), x, left + 0.6 * (x == left))
    if what in {"fetch", "fail"}:
        return Act(what, t, t + (19.0 if what == "fetch" else 13.5), x, x)
    return Act(what, t, t + (dice.uniform(10, 20) if what in {"eat", "play"} else dice.uniform(25, 120)), x, x)


def _place(actor: Actor, act: Act, t: float) -> tuple[float, float]:
    """How far away, and how far to the right, in own sizes, at `t` of an act."""
    since, share = t - act.start, (t - act.start) / (act.end - act.start)
    if act.what == "walk":
        turns = round((act.end - act.start) / 4)
        return actor.far, act.x0 + (act.x1 - act.x0) * share + 0.5 * math.sin(2 * math.pi * turns * share)
    if act.what == "play":
        return actor.far, 1.5 * math.sin(2 * math.pi * since / 2.4)
    if act.what == "far":
        return actor.far * 2.6, act.x0
    if act.what in {"fetch", "fail"}:
        return _between(_FETCHES[act.what], since, actor.far), act.x0
    return actor.far, act.x0


_FETCHES: Mapping[str, tuple[tuple[float, float], ...]] = {
    # Far off, up to here, waiting, out, waiting, back: distances as shares of where it stands.
    "fetch": ((0, 1.0), (6, 2.4), (8, 2.4), (11, 1.0), (12, 1.0), (13.2, 2.6), (14.5, 2.6), (17, 1.0), (19, 1.0)),
    "fail": ((0, 1.0), (6, 2.4), (8, 2.4), (11, 1.0), (12, 1.0), (13.2, 2.6), (13.5, 2.6)),
}


def _between(stops: Iterable[tuple[float, float]], t: float, far: float) -> float:
    for (t0, one), (t1, other) in itertools.pairwise(stops):
        if t <= t1:
            return far * (one + (other - one) * (t - t0) / (t1 - t0))
    return far


def _box(actor: Actor, act: Act, t: float) -> Box:
    wide, high = (_DOG_SHAPES if actor.kind is Kind.DOG else _SHAPES)[act.word]
    away, right = _place(actor, act, t)
    size = 1 / away
    ground = 0.35 + 0.95 * size
    middle = 0.5 + right * size / ASPECT if act.what != "eat" else 0.93 - 0.3 * size / ASPECT
    return Box(middle - wide * size / ASPECT / 2, ground - high * size, middle + wide * size / ASPECT / 2, ground)


def _look(dice: random.Random, actor: Actor, life: Life, t: float, ids: Iterable[int]) -> Track | None:
    """The track that follows an actor at `t`, with all that errs; None where there is none."""
    act = actor.act(t)
    if act is None or not actor.is_seen(t) or dice.random() < 0.06:
        return _lost(actor, life, t)
    if life.id is None or t - life.last > _KEEP_LOST_S:
        life.id, life.first = TrackId(next(iter(ids))), t
    life.last = t
    true = _box(actor, act, t)
    across, down = 0.012 * true.width, 0.012 * true.height
    life.box = Box(
        true.x0 + dice.gauss(0, across),
        true.y0 + dice.gauss(0, down),
        true.x1 + dice.gauss(0, across),
        true.y1 + dice.gauss(0, down),
    ).clipped()
    word = _word(dice, act, life, t)
    body = Detection(actor.kind, life.box, 0.8, guess=Guess(word, dice.uniform(0.5, 0.95)) if word else None)
    return _track(actor, life, t, Phase.CONFIRMED, body)


def _word(dice: random.Random, act: Act, life: Life, t: float) -> str | None:
    """What a look says of the posture: mostly the truth, one time in ten nothing, seldom something else for a while."""
    until, wrong = life.wrong
    if t < until:
        return wrong
    if dice.random() < 0.02 and t > until + 2:
        wrong = dice.choice([word for word in _SHAPES if word != act.word])
        life.wrong = (t + dice.uniform(0.05, 0.7), wrong)
        return wrong
    return None if dice.random() < 0.1 else act.word


def _lost(actor: Actor, life: Life, t: float) -> Track | None:
    if life.id is None or t - life.last > _KEEP_LOST_S:
        return None
    return _track(actor, life, t, Phase.LOST, None)


def _track(actor: Actor, life: Life, t: float, phase: Phase, body: Detection | None) -> Track:
    assert life.id is not None
    first, last = stamp(life.first), stamp(life.last)
    return Track(life.id, actor.kind, life.box, Point(0, 0), 0.8, 9, first, last, phase, body)


def _truth(plays: Iterable[tuple[Actor, ...]]) -> Truth:
    counts: Counter[str] = Counter()
    seen_s = calm_s = 0.0
    for actors in plays:
        for actor in actors:
            counts += Counter(word for word, _ in itertools.groupby(act.word for act in actor.acts))
            counts += Counter(_TOLD[act.what] for act in actor.acts if act.what in _TOLD)
            fetches = Counter(act.what for act in actor.acts)
            counts["fetch_return"] += fetches["fetch"] + fetches["fail"]
            counts["fetch_success"] += fetches["fetch"]
            counts["approach"] += 2 * fetches["fetch"] + fetches["fail"]
        seen_s += _lasting(actors, lambda _: True)
        calm_s += _lasting(actors, lambda acts: not any(act.what in _RESTLESS for act in acts))
    return Truth(dict(counts), {"time_in_frame": seen_s / 60, "calm": calm_s / 60})


_TOLD = {"eat": "eating", "play": "playing"}


def _lasting(actors: tuple[Actor, ...], holds: Callable[[list[Act]], bool]) -> float:
    """How long somebody was in view, and this held of what those in view did; seconds."""
    edges = sorted({edge for actor in actors for act in actor.acts for edge in (act.start, act.end)})
    total = 0.0
    for start, end in itertools.pairwise(edges):
        acts = [act for actor in actors if (act := actor.act((start + end) / 2)) is not None]
        total += end - start if acts and holds(acts) else 0.0
    return total


def _span(actors: tuple[Actor, ...]) -> tuple[float, float]:
    return min(actor.acts[0].start for actor in actors), max(actor.acts[-1].end for actor in actors)
